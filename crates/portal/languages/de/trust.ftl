technical-details-title = Technische Details
trust-permanent = Vertraute Netze
trust-permanent-why = Ein Telefon, das von hier fragt, braucht keine PIN. Jeder in einem solchen Netz kann den Platz eines Telefons einnehmen; nennen Sie daher nur Netze, die diesem Kunden allein gehören.
trust-permanent-none = Keinem Netz wird dauerhaft vertraut: Jedes Telefon weist vor, was die Richtlinie verlangt.
trust-network = Netz
trust-network-hint = Eine Adresse oder ein Netz wie 198.51.100.0/24, 198.51.100.0/255.255.255.0 oder 2001:db8:1::/48.
trust-label-hint = Woran Sie es erkennen, etwa „Zentrale“.
trust-label-of = Bezeichnung von { $network } ändern
trust-add-title = Netz hinzufügen
trust-add = Diesem Netz vertrauen
trust-check = Ansehen, wie es gespeichert würde
trust-means = Gespeichert wird es als
trust-kept-as = so gespeichert
trust-addresses = { $count ->
    [one] 1 Adresse
   *[other] { $count } Adressen
}
trust-force-wide = Dieses Netz ist weiter, als die Richtlinie erlaubt. Allen darin würde vertraut, die meisten sind Fremde.
trust-force-private = Das ist ein privater Bereich. Telefone im Internet kommen nie von dort, und viele Netze benutzen denselben.
trust-force = So ist es gemeint: trotzdem vertrauen
trust-remove-of = { $network } entfernen
trust-remove-title = Diesem Netz nicht mehr vertrauen?
trust-remove-effect = Ab der nächsten Anfrage müssen Telefone dort vorweisen, was die Richtlinie verlangt. Ein Telefon ohne eigene Anmeldung braucht dann seine PIN.
trust-remove-live = Telefone mit eigener Anmeldung arbeiten weiter.
trust-temporary = Zeitweilige Fenster
trust-temporary-why = Gibt jemand eine PIN ein, werden die anderen Telefone an derselben Adresse eine Zeit lang ohne PIN bedient.
trust-temporary-none = Zurzeit ist kein Fenster offen.
trust-opened-by = Geöffnet von
trust-ends = Endet
trust-left = Restzeit
trust-close = Schließen
trust-close-of = Fenster von { $network } schließen
trust-close-title = Dieses Fenster jetzt schließen?
trust-close-effect = Die nächsten Telefone dort brauchen wieder ihre eigene PIN.
trust-close-again = Die nächste richtige PIN von dort öffnet ein neues Fenster.
done-trust-added = Dem Netz wird vertraut.
done-trust-removed = Dem Netz wird nicht mehr vertraut.
done-trust-closed = Das Fenster ist geschlossen.
