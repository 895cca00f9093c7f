menu-installer = Installer
menu-configurations = Configurations
menu-configurations-devices = Devices

new-title = Add phone
new-what = The phone
new-where = Where it stands
new-line = Its first line
new-line-hint = Leave it blank to add lines later.
new-mac = MAC
new-mac-hint = Twelve digits from the label at its back, with or without : or -
new-model = Brand and model
new-model-hint = Begin to type, and choose from the list.
new-label = Label
new-label-hint = What people call it: Reception, Room 12
new-customer = Customer
new-site = Site
new-site-hint = may stay blank
new-trust-title = Nobody can key in a PIN on this model
new-trust = Its customer asks for a PIN. Without one this phone lives by a trusted network or a suspension alone. Tick this if you mean it.
new-button = Add phone
added-title = The phone is added
added-next = Now connect it. It asks by itself, or with the server’s address from its brand’s guide.
added-pin = Key in this PIN at the phone. It is used up once the phone is in service.
added-no-pin = Your role may not see the PIN.
added-open = Open its page
add-another = Add another

configurations-intro = Whether a phone may use the global password once more. Search, then open the number of a phone.
configurations-extension = Extension
configurations-none = No lines
configurations-allow = Allow Global Password (one time)
configurations-hint = To avoid conflicts, clear the existing user name and password as well: with both, a phone can be refused that should begin anew.
configurations-clear = Clear the existing user name and password
configurations-clear-hint = Counts with Yes only.
configurations-login = Own login
configurations-save = Save
configurations-rows = { $count ->
    [one] 1 phone on this page
   *[other] { $count } phones on this page
}

installer-title = Installer
installer-choose = Which site do you work at today?
installer-none = No sites yet
installer-none-hint = A site is added by its customer’s admin. Then the phones that stand there are listed here.
installer-all = All phones of { $customer }
installer-tab-all = All
installer-tab-open = Open
installer-tab-calling = Calling
installer-tab-done = Done
installer-tab-stuck = Stuck
installer-tabs = How far the phones are
installer-search = Last 4 of the MAC, or a name
installer-find = Find
installer-empty-all = No phone stands here yet.
installer-empty-open = Nothing is open. Every phone of this place has begun.
installer-empty-calling = No phone is on its way just now.
installer-empty-done = No phone is done yet.
installer-empty-stuck = Nothing is stuck.
installer-empty-search = No phone of this place has that.
installer-more = Only the first 1000 phones are listed here.
installer-sheet = Print labels
installer-pin-of = PIN
live-waiting = not seen yet
live-fetched = fetched, waits for its PIN
live-registered = registered, waits for its PIN
live-in_call = call in progress
live-called = has called
live-cleared = cleared, fetches now
live-delivered = configured, not back yet
live-working = working
live-failed = wrong PINs, locked for a while
live-blocked = blocked, needs a reset
live-disabled = switched off
live-look = needs a look

sheets-title = Labels
sheets-intro = { $count ->
    [one] 1 label
   *[other] { $count } labels
}. The code opens the phone’s page. That PINs were shown is noted in the audit.
sheets-as-sheet = A4 sheets, 3 × 8
sheets-as-labels = One label a page
sheets-with-all = With phones in service
sheets-without-all = Without phones in service
sheets-none = Nothing to print
sheets-none-hint = All phones of this place are in service.
sheets-form = Paper
sheets-code = Code that opens the page of { $mac }

marked-bar = With the ticked phones
marked-all = Tick all
marked-one = Tick { $mac }
marked-resync = Resync
marked-suspend = Suspend
marked-move = Move
marked-labels = Print labels
marked-reset = Reset
marked-delete = Delete
marked-title-resync = Tell { $count ->
    [one] 1 phone
   *[other] { $count } phones
} to fetch?
marked-title-suspend = Suspend authentication of { $count ->
    [one] 1 phone
   *[other] { $count } phones
}?
marked-title-move = Move { $count ->
    [one] 1 phone
   *[other] { $count } phones
}?
marked-title-reset = Reset authentication of { $count ->
    [one] 1 phone
   *[other] { $count } phones
}?
marked-title-delete = Delete { $count ->
    [one] 1 phone
   *[other] { $count } phones
}?
marked-effect-resync = Each that is connected fetches its configuration now.
marked-effect-suspend = The next fetch of each gets its full configuration without login or PIN.
marked-effect-move = Inside its customer a phone keeps its login; at another customer it is reset and begins anew.
marked-effect-reset = At once no login of these phones works any more. Each gets a new PIN and may use the global password once.
marked-effect-delete = Their lines, settings and logins are gone, and cannot be brought back.
marked-some = Your role may do this to { $count } of them.
marked-done = Done to { $count ->
    [one] 1 phone
   *[other] { $count } phones
}
marked-refused = Not done to { $count ->
    [one] 1 phone
   *[other] { $count } phones
}
marked-back = Back to the list
marked-why = Why not
filter-site = Site
filter-all-sites = All sites
filter-model = Model
filter-button = Filter
