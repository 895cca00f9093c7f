sign-in-title = Anmelden
sign-in-name = Benutzername
sign-in-password = Passwort
sign-in-button = Anmelden
sign-in-wrong = Benutzername oder Passwort ist falsch.
sign-in-shut = Es gab zu viele falsche Versuche. Versuchen Sie es in { $seconds } Sekunden wieder.
sign-in-over = Diese Anmeldung hat zu lange gedauert. Beginnen Sie neu mit Benutzername und Passwort.
sign-in-code-title = Zweiter Faktor
sign-in-code = Code
sign-in-code-hint = Sechs Ziffern aus Ihrer Authenticator-App oder einer Ihrer Wiederherstellungscodes.
sign-in-code-wrong = Dieser Code ist falsch oder schon verbraucht. Warten Sie auf den nächsten.

prove-title = Ihr Passwort, bitte
prove-why = Was nun kommt, zeigt oder ändert etwas Geheimes. Danach werden Sie 15 Minuten lang nicht wieder gefragt.
prove-button = Weiter
prove-wrong = Das Passwort ist falsch.

account-title = Ihr Konto
second-factor-title = Zweiter Faktor
second-factor-on = Ein
second-factor-off = Aus
second-factor-why = Mit einer Authenticator-App öffnet Ihr Passwort allein nichts mehr.
second-factor-begin = Authenticator-App einrichten
second-factor-switch-off = Ausschalten
second-factor-codes-left = { $count ->
    [one] 1 Wiederherstellungscode ist übrig.
   *[other] { $count } Wiederherstellungscodes sind übrig.
}
second-factor-scan = Lesen Sie dieses Bild mit Ihrer Authenticator-App ein.
second-factor-picture = QR-Code für Ihre Authenticator-App
second-factor-type = Oder geben Sie dort diesen Schlüssel ein:
second-factor-first = Der Code, den sie jetzt zeigt
second-factor-confirm = Einschalten
second-factor-wrong = Dieser Code passte nicht. Richten Sie die Authenticator-App noch einmal ein.
recovery-title = Wiederherstellungscodes
recovery-once = Diese Codes werden nur einmal gezeigt. Jeder öffnet eine Anmeldung, falls Ihre App verloren geht. Bewahren Sie sie getrennt von ihr auf.
recovery-kept = Ich habe sie aufbewahrt
password-title = Passwort
password-old = Jetziges Passwort
password-new = Neues Passwort
password-hint = Mindestens 12 Zeichen. Alle Ihre anderen Sitzungen enden.
password-button = Passwort ändern
sessions-title = Wo Sie angemeldet sind
sessions-this = Diese Sitzung
sessions-seen = zuletzt benutzt
sessions-no-agent = Ein Programm ohne Namen
sessions-end = Dort abmelden
sessions-end-others = Überall sonst abmelden

done-session-ended = Diese Sitzung ist beendet.
done-sessions-ended = Alle Ihre anderen Sitzungen sind beendet.
done-password-changed = Ihr Passwort ist geändert. Alle Ihre anderen Sitzungen sind beendet.
done-second-factor-off = Der zweite Faktor ist aus.

forgotten-link = Passwort vergessen?
forgotten-title = Ein neues Passwort
forgotten-hint = Gibt es diesen Benutzer mit einer Mail-Adresse, kommt ein Link per Mail.
forgotten-button = Link senden
forgotten-asked = Gibt es diesen Benutzer mit einer Mail-Adresse, ist ein Brief mit einem Link unterwegs. Der Link gilt zwei Stunden.
forgotten-no-mail = Dieses Portal verschickt keine Mail. Bitten Sie den, der Sie angelegt hat, um ein neues Passwort.
forgotten-back = Zurück zur Anmeldung
choose-title = Passwort wählen
choose-for = Für den Benutzer { $name }.
choose-hint = Mindestens 12 Zeichen. Alle Ihre Sitzungen enden.
choose-button = Dieses Passwort nehmen
choose-done = Ihr Passwort ist gesetzt. Melden Sie sich damit an.
choose-over = Dieser Link gilt nicht mehr, oder er wurde schon benutzt.
choose-again = Neuen Link anfordern
