skip = Skip to the content
menu = Menu
switcher-all = All customers
switcher-hint = Choose the customer that the pages are about
search-all = Search phones, MACs, extensions …
search = Search
account-menu = Your account
theme-light = Light
theme-dark = Dark
theme-system = As the system
sign-out = Sign out
yes = Yes
no = No
cancel = Cancel
never = never
next = Next
print = Print
import = Import
export = Export
rows = { $count ->
    [one] 1 phone on this page
   *[other] { $count } phones on this page
}
actions = Actions
nothing-found = Nothing found
nothing-found-hint = Search takes the beginning of a MAC in any spelling, its last four to six digits, an extension, a word of the label, or a model.
show-all = Show all

role-operator = Operator
role-reseller = Reseller
role-customer-admin = Customer's admin
role-installer = Installer
role-auditor = Auditor

menu-inventory = Inventory
menu-phone-hardware = Phone Hardware

time-now = just now
time-minutes-ago = { $count } min ago
time-hours-ago = { $count } h ago
time-days-ago = { $count } days ago
time-in-minutes = in { $count } min
time-in-hours = in { $count } h
time-in-days = in { $count } days

failure-title = This did not work
failure-home = To the start page
