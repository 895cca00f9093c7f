mac = MAC
model = Model
label = Label
customer = Customer
site = Site
state = State
states = States
last-seen = Last seen
add-phone = Add phone
import-csv = Import a CSV file
guides = Guides for each brand
search-phones = Search phones
search-phones-hint = MAC, extension, label, model …
suspended = suspended
attention = look
no-phones = No phones yet
no-phones-hint = Add one by its MAC, import a list of many, or let a brand's redirect service send them: unknown phones that knock are shown to you.
lock-hint = Reset authentication
lock-of = Reset authentication of { $mac }

state-needed = Authentication needed
state-failed = Authentication failed
state-blocked = Authentication blocked
state-successful = Authentication successful

attention-second_claimant = A second phone asked under this MAC.
attention-delivery_not_confirmed = The phone got its configuration, but has not come back with its own login.
attention-came_back_without_login = The phone came back without its login. It was probably factory-reset.
attention-identity_mismatch = The phone calls itself another brand or model.
attention-pin_tries_elsewhere = Somebody tried PINs of this phone from another network.
attention-still_uses_global = The phone still shows the global login.

unlock-title = Reset authentication?
unlock-effect = From this moment no login of this phone opens its configuration.
unlock-login = The phone's own user name and password are cleared.
unlock-allow = “Allow Global Password (one time)” is set to Yes.
unlock-phone = A phone that asks for a PIN gets a new one. Without a PIN, reset the phone to factory settings or enter the global login in its menu.
unlock-theft = The passwords of its lines stay as they are. If the phone was stolen, switch it off and change them.
done-reset = Authentication is reset. The phone may use the global password once.

tab-needed = Needed
tab-failed = Failed
tab-blocked = Blocked
tab-attention = To look at
tab-successful = Successful
tab-all = All
extension = Extension
