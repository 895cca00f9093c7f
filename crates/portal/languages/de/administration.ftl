menu-administration = Verwaltung
menu-profile = Profil
menu-batch = Stapel-Import/-Export
menu-customers = Kunden
menu-sites = Standorte
menu-policy = Richtlinie
menu-users = Benutzer und Rollen
menu-tokens = API-Token
menu-contacts = Telefonbuch-Kontakte

name = Name
save = Speichern
remove = Entfernen
back = Zurück
copy = Kopieren
copied = Kopiert
created = Angelegt
role = Rolle
branch = Bereich
kept-it = Ich habe es verwahrt
done-saved = Gespeichert.

level-operator = Die ganze Plattform
level-reseller = Reseller
level-customer = Kunde
level-site = Standort
level-default = Vorgabe
level-brand = Marke
level-model = Modell
level-platform = Plattform

switch-title = Kunden wählen
switch-search = Kunden suchen
switch-nothing = Keiner Ihrer Kunden hat das im Namen.
choose-first-title = Wählen Sie zuerst einen Kunden
choose-first-why = Auf dieser Seite geht es um einen Kunden. Ihre Wahl bleibt, bis Sie sie in der Zeile oben ändern.
choose-first-button = Kunden wählen

customers-rows = { $count ->
    [one] 1 Kunde auf dieser Seite
   *[other] { $count } Kunden auf dieser Seite
}
customers-none = Noch keine Kunden
customers-none-hint = Ein Kunde hat Standorte, Telefone und eine Richtlinie, die sagt, was Telefone vorweisen müssen.
customer-new = Kunden anlegen
customer-add = Kunden anlegen
customer-own = Keiner: ein eigener Kunde des Betreibers
customer-phones = Telefone
customer-phones-of = Telefone von { $name }
customer-asks = Was ein Telefon zuerst vorweisen muss
customer-asks-hint = Das lässt sich später unter „Richtlinie“ ändern.
customer-asks-inherited = Wie geerbt
customer-asks-required-off = Die globale Anmeldung, einmal
customer-asks-required-required = Die globale Anmeldung, einmal, und eine PIN
customer-asks-none-required = Eine PIN
asks-login-required = Anmeldung
asks-login-none = keine Anmeldung
asks-pin-required = PIN
asks-pin-off = keine PIN
customer-more = Mehr zu diesem Kunden
customer-policy-what = Was von seinen Telefonen verlangt wird, und was davon geerbt ist.
customer-delete = Kunden löschen
customer-delete-title = Diesen Kunden löschen?
customer-delete-effect = Seine Richtlinie, seine vertrauten Netze und seine Telefonbuch-Kontakte gehen mit ihm. Das lässt sich nicht rückgängig machen.
customer-delete-empty = Das geht erst, wenn seine Telefone und Standorte verschoben oder gelöscht sind.
done-customer-added = Der Kunde ist angelegt. Legen Sie nun seine Standorte an, dann seine Telefone.
done-customer-deleted = Der Kunde ist gelöscht.

sites-search = Standorte suchen
sites-rows = { $count ->
    [one] 1 Standort auf dieser Seite
   *[other] { $count } Standorte auf dieser Seite
}
sites-nothing = Kein Standort hat das im Namen.
sites-none = Noch keine Standorte
sites-none-hint = Ein Standort ist eine Adresse eines Kunden: Notrufe von dort zeigen seine Nummer und seinen Ort.
site-new = Standort anlegen
site-add = Standort anlegen
site-country = Land
site-country-hint = Zwei Buchstaben, etwa DE. Danach richtet sich, welche Nummern Notrufnummern sind.
site-caller-number = Nummer, die Notrufe zeigen
site-caller-number-hint = Mit + und Landesvorwahl. Ohne sie wird die Nummer des Betreibers gezeigt, als ungeprüft.
site-location = Wo er ist
site-location-hint = So, wie man es dem Rettungsdienst sagt: Straße, Hausnummer, Stockwerk.
site-no-number = keine
site-more = Mehr zu diesem Standort
site-policy-what = Was von seinen Telefonen verlangt wird, und was davon geerbt ist.
site-delete = Standort löschen
site-delete-title = Diesen Standort löschen?
site-delete-effect = Seine Richtlinie und seine Einstellungen gehen mit ihm. Das lässt sich nicht rückgängig machen.
site-delete-empty = Das geht erst, wenn seine Telefone verschoben oder gelöscht sind.
done-site-added = Der Standort ist angelegt.
done-site-deleted = Der Standort ist gelöscht.

menu-passwords-title = Passwörter der Telefonmenüs
menu-passwords-show = Passwörter der Telefonmenüs zeigen
menu-passwords-rotate = Neue machen
menu-passwords-why = Telefone haben hier diese Passwörter in ihren Menüs und Webseiten, sofern keine Einstellung ein anderes nennt. Dass sie gezeigt wurden, steht im Protokoll.
menu-passwords-site-what = Für Techniker vor einem Telefon dieses Standorts. Sie werden nach Ihrem eigenen Passwort gefragt.
menu-passwords-customer-what = Für Telefone dieses Kunden ohne Standort. Sie werden nach Ihrem eigenen Passwort gefragt.
menu-passwords-admin = Administrator
menu-passwords-user = Benutzer
menu-passwords-former = Vorher (Administrator · Benutzer)
menu-passwords-admin-set = Eine Einstellung nennt das Passwort des Administrators ({ $layer }): Diese hier gelten dafür nicht.
menu-passwords-user-set = Eine Einstellung nennt das Passwort des Benutzers ({ $layer }): Diese hier gelten dafür nicht.
menu-passwords-rotate-title = Neue Passwörter für die Telefonmenüs machen?
menu-passwords-rotate-effect = Jedes Telefon hat die neuen ab seinem nächsten Abruf.
menu-passwords-rotate-former = Bis dahin öffnen die vorigen sein Menü; sie bleiben hier verzeichnet.
done-menu-passwords-rotated = Es gibt neue Passwörter. Telefone bekommen sie mit dem nächsten Abruf.
