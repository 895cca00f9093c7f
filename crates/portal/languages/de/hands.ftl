menu-installer = Installation
menu-configurations = Konfigurationen
menu-configurations-devices = Geräte

new-title = Telefon anlegen
new-what = Das Telefon
new-where = Wo es steht
new-line = Seine erste Leitung
new-line-hint = Lassen Sie alles leer, um Leitungen später anzulegen.
new-mac = MAC
new-mac-hint = Zwölf Stellen vom Aufkleber auf der Rückseite, mit oder ohne : oder -
new-model = Marke und Modell
new-model-hint = Fangen Sie an zu tippen und wählen Sie aus der Liste.
new-label = Bezeichnung
new-label-hint = Wie man es nennt: Empfang, Zimmer 12
new-customer = Kunde
new-site = Standort
new-site-hint = darf leer bleiben
new-trust-title = An diesem Modell kann niemand eine PIN eingeben
new-trust = Sein Kunde verlangt eine PIN. Ohne sie lebt dieses Telefon allein von einem vertrauten Netz oder einer Aussetzung. Haken Sie das an, wenn Sie es so meinen.
new-button = Telefon anlegen
added-title = Das Telefon ist angelegt
added-next = Schließen Sie es jetzt an. Es fragt von selbst, oder mit der Adresse des Servers aus der Anleitung seiner Marke.
added-pin = Geben Sie diese PIN am Telefon ein. Sie ist verbraucht, sobald das Telefon in Betrieb ist.
added-no-pin = Ihre Rolle darf die PIN nicht sehen.
added-open = Seine Seite öffnen
add-another = Noch eines anlegen

configurations-intro = Ob ein Telefon das globale Passwort noch einmal benutzen darf. Suchen Sie, und öffnen Sie die Nummer eines Telefons.
configurations-extension = Nebenstelle
configurations-none = Keine Leitungen
configurations-allow = Globales Passwort erlauben (einmalig)
configurations-hint = Um Konflikte zu vermeiden, löschen Sie auch den vorhandenen Benutzernamen und das Passwort: Mit beidem kann ein Telefon abgewiesen werden, das neu anfangen soll.
configurations-clear = Vorhandenen Benutzernamen und Passwort löschen
configurations-clear-hint = Gilt nur mit Ja.
configurations-login = Eigener Zugang
configurations-save = Speichern
configurations-rows = { $count ->
    [one] 1 Telefon auf dieser Seite
   *[other] { $count } Telefone auf dieser Seite
}

installer-title = Installation
installer-choose = An welchem Standort arbeiten Sie heute?
installer-none = Noch keine Standorte
installer-none-hint = Einen Standort legt der Admin des Kunden an. Dann stehen die Telefone dort hier.
installer-all = Alle Telefone von { $customer }
installer-tab-all = Alle
installer-tab-open = Offen
installer-tab-calling = Unterwegs
installer-tab-done = Fertig
installer-tab-stuck = Hängt
installer-tabs = Wie weit die Telefone sind
installer-search = Letzte 4 der MAC oder ein Name
installer-find = Finden
installer-empty-all = Hier steht noch kein Telefon.
installer-empty-open = Nichts ist offen. Jedes Telefon hier hat angefangen.
installer-empty-calling = Gerade ist kein Telefon unterwegs.
installer-empty-done = Noch ist kein Telefon fertig.
installer-empty-stuck = Nichts hängt.
installer-empty-search = Kein Telefon hier hat das.
installer-more = Hier stehen nur die ersten 1000 Telefone.
installer-sheet = Etiketten drucken
installer-pin-of = PIN
live-waiting = noch nicht gesehen
live-fetched = hat geholt, wartet auf seine PIN
live-registered = registriert, wartet auf seine PIN
live-in_call = Anruf läuft
live-called = hat angerufen
live-cleared = freigegeben, holt jetzt
live-delivered = konfiguriert, noch nicht zurück
live-working = in Betrieb
live-failed = falsche PINs, eine Weile gesperrt
live-blocked = gesperrt, muss zurückgesetzt werden
live-disabled = abgeschaltet
live-look = bitte ansehen

sheets-title = Etiketten
sheets-intro = { $count ->
    [one] 1 Etikett
   *[other] { $count } Etiketten
}. Der Code öffnet die Seite des Telefons. Dass PINs gezeigt wurden, steht im Prüfprotokoll.
sheets-as-sheet = A4-Bögen, 3 × 8
sheets-as-labels = Ein Etikett je Seite
sheets-with-all = Mit Telefonen in Betrieb
sheets-without-all = Ohne Telefone in Betrieb
sheets-none = Nichts zu drucken
sheets-none-hint = Alle Telefone hier sind in Betrieb.
sheets-form = Papier
sheets-code = Code, der die Seite von { $mac } öffnet

marked-bar = Mit den angehakten Telefonen
marked-all = Alle anhaken
marked-one = { $mac } anhaken
marked-resync = Resync
marked-suspend = Aussetzen
marked-move = Umziehen
marked-labels = Etiketten drucken
marked-reset = Zurücksetzen
marked-delete = Löschen
marked-title-resync = { $count ->
    [one] 1 Telefon
   *[other] { $count } Telefone
} zum Abruf auffordern?
marked-title-suspend = Authentifizierung von { $count ->
    [one] 1 Telefon
   *[other] { $count } Telefonen
} aussetzen?
marked-title-move = { $count ->
    [one] 1 Telefon
   *[other] { $count } Telefone
} umziehen?
marked-title-reset = Authentifizierung von { $count ->
    [one] 1 Telefon
   *[other] { $count } Telefonen
} zurücksetzen?
marked-title-delete = { $count ->
    [one] 1 Telefon
   *[other] { $count } Telefone
} löschen?
marked-effect-resync = Jedes, das verbunden ist, holt jetzt seine Konfiguration.
marked-effect-suspend = Der nächste Abruf von jedem bekommt die volle Konfiguration ohne Zugang und PIN.
marked-effect-move = Innerhalb seines Kunden behält ein Telefon seinen Zugang; bei einem anderen wird es zurückgesetzt und fängt neu an.
marked-effect-reset = Sofort gilt kein Zugang dieser Telefone mehr. Jedes bekommt eine neue PIN und darf das globale Passwort einmal benutzen.
marked-effect-delete = Leitungen, Einstellungen und Zugänge sind weg und lassen sich nicht zurückholen.
marked-some = Ihre Rolle darf das bei { $count } von ihnen.
marked-done = Erledigt bei { $count ->
    [one] 1 Telefon
   *[other] { $count } Telefonen
}
marked-refused = Nicht erledigt bei { $count ->
    [one] 1 Telefon
   *[other] { $count } Telefonen
}
marked-back = Zurück zur Liste
marked-why = Warum nicht
filter-site = Standort
filter-all-sites = Alle Standorte
filter-model = Modell
filter-button = Filtern
