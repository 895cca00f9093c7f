contacts-title = Telefonbuch-Kontakte
contacts-why = Telefone dieses Kunden finden sie in ihrem Telefonbuch, neben einander selbst.
contacts-search = Kontakte suchen
contacts-rows = { $count ->
    [one] 1 Kontakt auf dieser Seite
   *[other] { $count } Kontakte auf dieser Seite
}
contacts-nothing = Kein Kontakt hat das in Name oder Nummer.
contacts-none = Noch keine Kontakte
contacts-none-hint = Fügen Sie einen mit Name und Nummer hinzu, oder importieren Sie eine Liste von höchstens 2.000.
contact-number = Nummer
contact-add-title = Kontakt hinzufügen
contact-add = Kontakt hinzufügen
contacts-import-title = Kontakte importieren
contacts-import-hint = Spalten name und number. Alle Zeilen, oder keine, wenn eine falsch ist.
contact-remove-of = { $name } entfernen
contact-remove-title = Diesen Kontakt entfernen?
contact-remove-effect = Telefone finden ihn nicht mehr, sobald sie das nächste Mal ins Telefonbuch sehen.
done-contact-added = Der Kontakt ist hinzugefügt.
done-contact-removed = Der Kontakt ist entfernt.
done-contacts-imported = Die Kontakte sind importiert. Die schon da waren, blieben, wie sie waren.
