policy-why = What is asked of phones. A key that is not set here is inherited from the level above; what you set counts here and below, unless it is set there anew.
policy-levels = Levels
policy-below-operator = { $count ->
    [one] 1 reseller
   *[other] { $count } resellers
}
policy-below-customer = { $count ->
    [one] 1 site
   *[other] { $count } sites
}
policy-choose = Choose a customer to see its policy
policy-read-only = You may read this policy. Who looks after you can change it.
policy-inherited = Inherited ({ $value })
policy-inherited-from = Inherited from: { $layer }
policy-set-here = set here
policy-instead-of = instead of { $value } ({ $layer })
policy-empty = An empty field, or “Inherited”, takes a key back to what is inherited.
policy-allowed = This value cannot be. Allowed is:
policy-by-trust = I mean it: these phones may live by trusted networks and suspensions alone

policy-means-login = Whether a phone’s first contact must show the global login.
policy-means-pin = Whether a phone needs its PIN before it gets its full configuration.
policy-means-certificate = What a manufacturer’s certificate that names the phone’s MAC is worth: nothing, as much as the global login, or needed besides.
policy-means-retry_window = How long a phone that got its login may fetch it again, if the delivery was lost. 0: never.
policy-means-retry_files = How often it may do so within that time.
policy-means-confirm_within = After this time a phone that has not come back with its own login is listed as “delivery not confirmed”.
policy-means-on_unconfirmed = What happens to “Allow Global Password (one time)” if a delivery is never confirmed: it stays used up, or is allowed again.
policy-means-pin_tries = How many wrong PINs in a row make a round.
policy-means-pin_rounds = After how many rounds a phone is blocked.
policy-means-pin_lock = How long a phone waits after a round.
policy-means-suspend = How long a suspension lasts, unless another time is named.
policy-means-temporary_trust = When a temporary window opens at a site: never, after a right PIN, or when that phone has come back with its own login.
policy-means-trust_window = How long a window lasts after its last renewal.
policy-means-trust_cap = How long a window lasts at most, however often it is renewed.
policy-means-trust_private = Whether a private address may open a window.
policy-means-trust_shared = Whether an address may open a window that another customer’s phones have used.
policy-means-trust_live = Which trust serves phones that already have their own login: all, permanent networks alone, or none.
policy-means-handover = Whether the one-time password leads to the full configuration at once, or to a login that then fetches it.
policy-means-first_contacts_per_hour = How many phones may make their first contact from one address within an hour before it is refused and an alarm is raised.
policy-means-min_prefix = The widest networks that may be trusted without force, for IPv4 and IPv6.
policy-means-resync = How often phones fetch their configuration, as a range.
policy-means-restricted_poll = How often a phone that waits for its PIN asks; auto is the shortest its brand can do.
policy-means-plain_http = What may leave without TLS: nothing, files encrypted for one phone, or everything.
policy-means-ua_mismatch = What happens when a phone names another MAC than the file it asks for: it is listed, or refused.
policy-means-emergency_unclaimed = Whether phones that nobody added may call emergency numbers.
policy-means-customer_reset = Whether the customer’s admin may reset authentication and allow the global password.
