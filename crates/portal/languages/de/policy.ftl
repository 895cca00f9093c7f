policy-why = Was von Telefonen verlangt wird. Ein Schlüssel, der hier nicht gesetzt ist, wird von der Ebene darüber geerbt; was Sie setzen, gilt hier und darunter, sofern es dort nicht neu gesetzt ist.
policy-levels = Ebenen
policy-below-operator = { $count ->
    [one] 1 Reseller
   *[other] { $count } Reseller
}
policy-below-customer = { $count ->
    [one] 1 Standort
   *[other] { $count } Standorte
}
policy-choose = Wählen Sie einen Kunden, um seine Richtlinie zu sehen
policy-read-only = Sie dürfen diese Richtlinie lesen. Ändern kann sie, wer Sie betreut.
policy-inherited = Geerbt ({ $value })
policy-inherited-from = Geerbt von: { $layer }
policy-set-here = hier gesetzt
policy-instead-of = statt { $value } ({ $layer })
policy-empty = Ein leeres Feld oder „Geerbt“ nimmt einen Schlüssel auf das Geerbte zurück.
policy-allowed = Dieser Wert geht nicht. Erlaubt ist:
policy-by-trust = So ist es gemeint: Diese Telefone dürfen allein von vertrauten Netzen und Aussetzungen leben

policy-means-login = Ob der erste Kontakt eines Telefons die globale Anmeldung vorweisen muss.
policy-means-pin = Ob ein Telefon seine PIN braucht, bevor es seine volle Konfiguration bekommt.
policy-means-certificate = Was ein Zertifikat des Herstellers wert ist, das die MAC des Telefons nennt: nichts, so viel wie die globale Anmeldung, oder zusätzlich nötig.
policy-means-retry_window = Wie lange ein Telefon seine Anmeldung noch einmal abholen darf, falls die Lieferung verloren ging. 0: nie.
policy-means-retry_files = Wie oft es das in dieser Zeit darf.
policy-means-confirm_within = Nach dieser Zeit steht ein Telefon, das nicht mit seiner eigenen Anmeldung wiederkam, als „Lieferung nicht bestätigt“ in der Liste.
policy-means-on_unconfirmed = Was mit „Globales Passwort (einmalig) erlauben“ geschieht, wenn eine Lieferung nie bestätigt wird: Es bleibt verbraucht oder ist wieder erlaubt.
policy-means-pin_tries = Wie viele falsche PINs nacheinander eine Runde sind.
policy-means-pin_rounds = Nach wie vielen Runden ein Telefon gesperrt ist.
policy-means-pin_lock = Wie lange ein Telefon nach einer Runde wartet.
policy-means-suspend = Wie lange eine Aussetzung dauert, wenn keine andere Zeit genannt wird.
policy-means-temporary_trust = Wann sich an einem Standort ein zeitweiliges Fenster öffnet: nie, nach einer richtigen PIN, oder wenn jenes Telefon mit seiner eigenen Anmeldung wiederkam.
policy-means-trust_window = Wie lange ein Fenster nach seiner letzten Verlängerung dauert.
policy-means-trust_cap = Wie lange ein Fenster höchstens dauert, so oft es auch verlängert wird.
policy-means-trust_private = Ob eine private Adresse ein Fenster öffnen darf.
policy-means-trust_shared = Ob eine Adresse ein Fenster öffnen darf, die auch Telefone eines anderen Kunden benutzt haben.
policy-means-trust_live = Welches Vertrauen Telefone bedient, die schon ihre eigene Anmeldung haben: alles, nur dauerhafte Netze, oder keines.
policy-means-handover = Ob das Einmalpasswort sofort zur vollen Konfiguration führt oder zu einer Anmeldung, die sie dann abholt.
policy-means-first_contacts_per_hour = Wie viele Telefone sich binnen einer Stunde von einer Adresse erstmals melden dürfen, bevor abgewiesen und Alarm gegeben wird.
policy-means-min_prefix = Die weitesten Netze, denen ohne Nachdruck vertraut werden darf, für IPv4 und IPv6.
policy-means-resync = Wie oft Telefone ihre Konfiguration abholen, als Spanne.
policy-means-restricted_poll = Wie oft ein Telefon fragt, das auf seine PIN wartet; auto ist das Kürzeste, was seine Marke kann.
policy-means-plain_http = Was ohne TLS hinaus darf: nichts, für ein Telefon verschlüsselte Dateien, oder alles.
policy-means-ua_mismatch = Was geschieht, wenn ein Telefon eine andere MAC nennt als die Datei, die es abholt: Es wird verzeichnet oder abgewiesen.
policy-means-emergency_unclaimed = Ob Telefone, die niemand angelegt hat, Notrufnummern anrufen dürfen.
policy-means-customer_reset = Ob der Admin des Kunden die Authentifizierung zurücksetzen und das globale Passwort erlauben darf.
