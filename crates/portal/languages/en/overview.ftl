menu-overview = Overview
menu-dashboard = Overview
menu-operations = Operations
menu-help = Help
menu-help-guides = Guides
menu-unknown-phones = Unknown phones
menu-resellers = Resellers
menu-global-logins = Global logins
menu-global-login-requests = Global login requests
menu-redirects = Redirect services
menu-trunks = Trunks
menu-prompts = Prompts
menu-templates = Templates
menu-audit = Audit
number = No.

overview-states = Phones by state
overview-first-title = Three first steps
overview-first-customer = Have a customer, and its sites
overview-first-customer-how = Phones belong to a customer. Its policy says whether a phone shows the global login, a PIN, or both.
overview-first-customer-go = Customers
overview-first-phones = Add the phones
overview-first-phones-how = One by one by their MAC, or all at once from a list.
overview-first-connect = Connect them
overview-first-connect-how = The guides say for each brand what to enter at the phone, or in the maker's redirect service.
overview-waiting = Waiting now
overview-nobody-waits = No phone that is not cleared came by in the last 15 minutes.
overview-fetches = Fetches per minute
overview-fetched = { $count ->
    [one] 1 in the last hour
   *[other] { $count } in the last hour
}
overview-fetches-told = { $count } fetches in the last hour, at most { $highest } in a minute
overview-look = To look at
overview-nothing-to-look-at = Nothing. All deliveries were taken up, and no phone came back without its login.
overview-flag-delivery_not_confirmed = Delivery not confirmed
overview-flag-came_back_without_login = Came back without its login
overview-flag-identity_mismatch = Calls itself another model
overview-flag-still_uses_global = Still uses the global login
overview-all-of = All { $count }

unknown-what = These phones asked for a configuration and are in no inventory. They belong to nobody, so only you see them. Those that are yours you can add to a customer.
unknown-add = Add to customer…
unknown-address = From
unknown-times = Times
unknown-none = No unknown phones
unknown-none-hint = A phone that asks for a configuration and that nobody added is listed here.
unknown-shown = { $shown } of { $count }, the latest first
