menu-overview = Übersicht
menu-dashboard = Übersicht
menu-operations = Betrieb
menu-help = Hilfe
menu-help-guides = Anleitungen
menu-unknown-phones = Unbekannte Telefone
menu-resellers = Reseller
menu-global-logins = Globale Zugänge
menu-global-login-requests = Anfragen zum globalen Zugang
menu-redirects = Umleitungsdienste
menu-trunks = Trunks
menu-prompts = Ansagen
menu-templates = Vorlagen
menu-audit = Protokoll
number = Nr.

overview-states = Telefone nach Zustand
overview-first-title = Drei erste Schritte
overview-first-customer = Ein Kunde mit seinen Standorten
overview-first-customer-how = Telefone gehören einem Kunden. Seine Richtlinie sagt, ob ein Telefon den globalen Zugang zeigt, eine PIN, oder beides.
overview-first-customer-go = Kunden
overview-first-phones = Legen Sie die Telefone an
overview-first-phones-how = Einzeln mit ihrer MAC, oder alle auf einmal aus einer Liste.
overview-first-connect = Schließen Sie sie an
overview-first-connect-how = Die Anleitungen sagen für jede Marke, was Sie am Telefon oder im Umleitungsdienst des Herstellers eingeben.
overview-waiting = Warten gerade
overview-nobody-waits = In den letzten 15 Minuten kam kein Telefon vorbei, das noch nicht freigegeben ist.
overview-fetches = Abrufe pro Minute
overview-fetched = { $count ->
    [one] 1 in der letzten Stunde
   *[other] { $count } in der letzten Stunde
}
overview-fetches-told = { $count } Abrufe in der letzten Stunde, höchstens { $highest } in einer Minute
overview-look = Bitte ansehen
overview-nothing-to-look-at = Nichts. Alle Auslieferungen wurden angenommen, und kein Telefon kam ohne seinen Zugang zurück.
overview-flag-delivery_not_confirmed = Auslieferung nicht bestätigt
overview-flag-came_back_without_login = Ohne Zugang wiedergekommen
overview-flag-identity_mismatch = Nennt sich anderes Modell
overview-flag-still_uses_global = Benutzt noch den globalen Zugang
overview-all-of = Alle { $count }

unknown-what = Diese Telefone haben eine Konfiguration verlangt und stehen in keinem Inventar. Sie gehören niemandem, darum sehen nur Sie sie. Die Ihren können Sie einem Kunden hinzufügen.
unknown-add = Zu Kunde hinzufügen …
unknown-address = Von
unknown-times = Wie oft
unknown-none = Keine unbekannten Telefone
unknown-none-hint = Ein Telefon, das eine Konfiguration verlangt und das niemand angelegt hat, steht hier.
unknown-shown = { $shown } von { $count }, die neuesten zuerst
