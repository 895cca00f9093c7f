contacts-title = Phone book contacts
contacts-why = Phones of this customer find these in their phone book, beside each other.
contacts-search = Search contacts
contacts-rows = { $count ->
    [one] 1 contact on this page
   *[other] { $count } contacts on this page
}
contacts-nothing = No contact has this in its name or number.
contacts-none = No contacts yet
contacts-none-hint = Add one by name and number, or import a list of at most 2,000.
contact-number = Number
contact-add-title = Add a contact
contact-add = Add contact
contacts-import-title = Import contacts
contacts-import-hint = Columns name and number. All rows, or none if one is wrong.
contact-remove-of = Remove { $name }
contact-remove-title = Remove this contact?
contact-remove-effect = Phones no longer find it, from their next look into the phone book on.
done-contact-added = The contact is added.
done-contact-removed = The contact is removed.
done-contacts-imported = The contacts are imported. Those that were there already stayed as they were.
