technical-details-title = Technical Details
trust-permanent = Trusted networks
trust-permanent-why = A phone that asks from here needs no PIN. Anybody in such a network can take the place of a phone, so name only networks that are this customer’s alone.
trust-permanent-none = No network is trusted for good: every phone shows what the policy asks for.
trust-network = Network
trust-network-hint = An address, or a network such as 198.51.100.0/24, 198.51.100.0/255.255.255.0 or 2001:db8:1::/48.
trust-label-hint = What you will know it by, such as “Head office”.
trust-label-of = Change the label of { $network }
trust-add-title = Add a network
trust-add = Trust this network
trust-check = Look how it would be kept
trust-means = This will be kept as
trust-kept-as = kept as this
trust-addresses = { $count ->
    [one] 1 address
   *[other] { $count } addresses
}
trust-force-wide = This network is wider than the policy allows. Everybody in it would be trusted, most of them strangers.
trust-force-private = This is a private range. Phones on the Internet never come from there, and many networks use the same one.
trust-force = I mean it: trust it all the same
trust-remove-of = Remove { $network }
trust-remove-title = Trust this network no longer?
trust-remove-effect = From their next request on, phones there must show what the policy asks for. A phone without a login of its own then needs its PIN.
trust-remove-live = Phones that have their own login go on working.
trust-temporary = Temporary windows
trust-temporary-why = When somebody keys in a PIN, the other phones at the same address are served without one for a while.
trust-temporary-none = No window is open now.
trust-opened-by = Opened by
trust-ends = Ends
trust-left = Time left
trust-close = Close
trust-close-of = Close the window of { $network }
trust-close-title = Close this window now?
trust-close-effect = The next phones there need their own PIN again.
trust-close-again = The next right PIN from there opens a new window.
done-trust-added = The network is trusted.
done-trust-removed = The network is trusted no longer.
done-trust-closed = The window is closed.
