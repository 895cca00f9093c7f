mac = MAC
model = Modell
label = Bezeichnung
customer = Kunde
site = Standort
state = Zustand
states = Zustände
last-seen = Zuletzt gesehen
add-phone = Telefon anlegen
import-csv = CSV-Datei importieren
guides = Anleitungen für jede Marke
search-phones = Telefone suchen
search-phones-hint = MAC, Nebenstelle, Bezeichnung, Modell …
suspended = ausgesetzt
attention = ansehen
no-phones = Noch keine Telefone
no-phones-hint = Legen Sie eines mit seiner MAC an, importieren Sie eine Liste, oder lassen Sie den Umleitungsdienst einer Marke sie schicken: Unbekannte Telefone, die anklopfen, werden Ihnen gezeigt.
lock-hint = Authentifizierung zurücksetzen
lock-of = Authentifizierung von { $mac } zurücksetzen

state-needed = Authentifizierung nötig
state-failed = Authentifizierung fehlgeschlagen
state-blocked = Authentifizierung gesperrt
state-successful = Authentifizierung erfolgreich

attention-second_claimant = Ein zweites Telefon hat unter dieser MAC angefragt.
attention-delivery_not_confirmed = Das Telefon bekam seine Konfiguration, kam aber nicht mit seinem eigenen Zugang zurück.
attention-came_back_without_login = Das Telefon kam ohne seinen Zugang zurück. Wahrscheinlich wurde es auf Werkseinstellungen gesetzt.
attention-identity_mismatch = Das Telefon nennt sich selbst eine andere Marke oder ein anderes Modell.
attention-pin_tries_elsewhere = Jemand hat PINs dieses Telefons aus einem anderen Netz probiert.
attention-still_uses_global = Das Telefon zeigt noch immer den globalen Zugang.

unlock-title = Authentifizierung zurücksetzen?
unlock-effect = Von diesem Moment an öffnet kein Zugang dieses Telefons mehr seine Konfiguration.
unlock-login = Benutzername und Passwort des Telefons werden gelöscht.
unlock-allow = „Globales Passwort erlauben (einmalig)“ steht auf Ja.
unlock-phone = Ein Telefon, das nach einer PIN fragt, bekommt eine neue. Ohne PIN setzen Sie das Telefon auf Werkseinstellungen zurück oder geben den globalen Zugang in seinem Menü ein.
unlock-theft = Die Passwörter seiner Leitungen bleiben, wie sie sind. Wurde das Telefon gestohlen, schalten Sie es ab und ändern Sie sie.
done-reset = Die Authentifizierung ist zurückgesetzt. Das Telefon darf das globale Passwort einmal benutzen.

tab-needed = Nötig
tab-failed = Fehlgeschlagen
tab-blocked = Gesperrt
tab-attention = Anzusehen
tab-successful = Erfolgreich
tab-all = Alle
extension = Nebenstelle
