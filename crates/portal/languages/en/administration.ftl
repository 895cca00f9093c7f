menu-administration = Administration
menu-profile = Profile
menu-batch = Batch Import/Export
menu-customers = Customers
menu-sites = Sites
menu-policy = Policy
menu-users = Users and roles
menu-tokens = API tokens
menu-contacts = Phone book contacts

name = Name
save = Save
remove = Remove
back = Back
copy = Copy
copied = Copied
created = Added
role = Role
branch = Branch
kept-it = I have kept it
done-saved = It is saved.

level-operator = The whole platform
level-reseller = Reseller
level-customer = Customer
level-site = Site
level-default = Default
level-brand = Brand
level-model = Model
level-platform = Platform

switch-title = Choose a customer
switch-search = Search customers
switch-nothing = No customer of yours has this in its name.
choose-first-title = Choose a customer first
choose-first-why = This page is about one customer. Your choice stays until you change it in the line at the top.
choose-first-button = Choose a customer

customers-rows = { $count ->
    [one] 1 customer on this page
   *[other] { $count } customers on this page
}
customers-none = No customers yet
customers-none-hint = A customer has sites, phones, and a policy that says what phones must show.
customer-new = Add customer
customer-add = Add customer
customer-own = None: the operator’s own customer
customer-phones = Phones
customer-phones-of = Phones of { $name }
customer-asks = What a phone must show at first
customer-asks-hint = It can be changed later under Policy.
customer-asks-inherited = As inherited
customer-asks-required-off = The global login, once
customer-asks-required-required = The global login, once, and a PIN
customer-asks-none-required = A PIN
asks-login-required = login
asks-login-none = no login
asks-pin-required = PIN
asks-pin-off = no PIN
customer-more = More of this customer
customer-policy-what = What is asked of its phones, and what it inherits.
customer-delete = Delete customer
customer-delete-title = Delete this customer?
customer-delete-effect = Its policy, its trusted networks and its phone book contacts go with it. This cannot be undone.
customer-delete-empty = This works only once its phones and sites are moved away or deleted.
done-customer-added = The customer is added. Add its sites next, then its phones.
done-customer-deleted = The customer is deleted.

sites-search = Search sites
sites-rows = { $count ->
    [one] 1 site on this page
   *[other] { $count } sites on this page
}
sites-nothing = No site has this in its name.
sites-none = No sites yet
sites-none-hint = A site is one address of a customer: emergency calls from there show its number and place.
site-new = Add site
site-add = Add site
site-country = Country
site-country-hint = Two letters, such as DE. They decide which numbers are emergency numbers.
site-caller-number = Number shown in emergency calls
site-caller-number-hint = With + and country code. Without it the operator’s number is shown, as unverified.
site-location = Where it is
site-location-hint = As somebody would tell it the ambulance: street, number, floor.
site-no-number = none
site-more = More of this site
site-policy-what = What is asked of its phones, and what it inherits.
site-delete = Delete site
site-delete-title = Delete this site?
site-delete-effect = Its policy and its settings go with it. This cannot be undone.
site-delete-empty = This works only once its phones are moved away or deleted.
done-site-added = The site is added.
done-site-deleted = The site is deleted.

menu-passwords-title = Passwords of the phones’ menus
menu-passwords-show = Show the passwords of the phones’ menus
menu-passwords-rotate = Make new ones
menu-passwords-why = Phones here have these passwords in their own menus and web pages, unless a setting names another. Showing them stands in the audit.
menu-passwords-site-what = For a technician in front of a phone of this site. You are asked for your own password.
menu-passwords-customer-what = For phones of this customer that have no site. You are asked for your own password.
menu-passwords-admin = Administrator
menu-passwords-user = User
menu-passwords-former = Before (admin · user)
menu-passwords-admin-set = A setting names the administrator’s password ({ $layer }): these are not used for it.
menu-passwords-user-set = A setting names the user’s password ({ $layer }): these are not used for it.
menu-passwords-rotate-title = Make new passwords for the phones’ menus?
menu-passwords-rotate-effect = Each phone has the new ones from its next fetch on.
menu-passwords-rotate-former = Until then the ones before open its menu; they stay listed here.
done-menu-passwords-rotated = There are new passwords. Phones get them with their next fetch.
