role-means-operator = everything
role-means-reseller = its own customers
role-means-customer-admin = one customer
role-means-installer = sees PINs and states, suspends and resyncs
role-means-auditor = reads, sees no secrets
branch-hint = What lies outside of it does not exist for them.
branch-choose = Choose a customer for more branches.
branch-fits-not = This role and this branch do not go together.

user-new = Add user
user-add = Add user
user-name-hint = Unique on the whole platform, without spaces. A mail address is a good one.
user-own = you
user-own-hint = This is you. Your own password and second factor are under
user-active = active
user-disabled = shut out
users-none = Nobody yet
users-none-hint = Add somebody with a role and a branch. Their password is shown to you once.
user-acts = What you can do
user-password = New password
user-password-title = Make a new password?
user-password-effect = The present password stops working, and all sessions end.
user-password-once = The new one is shown to you once.
user-password-shown-once = This password is shown once. Hand it over by a way that others cannot read.
user-disable = Shut out
user-disable-effect = All sessions end at once, and no password opens a new one until you let them in again.
user-enable = Let in again
user-enable-effect = The password that they had opens a session again.
user-delete = Delete user
user-delete-title = Delete this user?
user-delete-effect = All sessions end at once. This cannot be undone.
user-delete-audit = What they did stays in the audit under their name.
done-user-disabled = They are shut out.
done-user-enabled = They may sign in again.
done-user-deleted = The user is deleted.

tokens-why = Programs sign in with a token instead of a password. What they may do is described in
token-new = Make token
token-make = Make token
token-no-label = (no label)
token-label-hint = Which program it is for, so that you know what stops when you revoke it.
token-lifetime = Lifetime
token-days = { $count ->
    [one] 1 day
   *[other] { $count } days
}
token-for-ever = Until it is revoked
token-last-used = Last used
token-expires = Ends
token-expired = ended
token-made = Your token
token-shown-once = This token is shown once and kept nowhere. Whoever has it may do what it may do.
token-use = A program sends it as
token-revoke = Revoke
token-revoke-of = Revoke { $label }
token-revoke-title = Revoke this token?
token-revoke-effect = Programs that use it are refused from their next request on. This cannot be undone.
tokens-none = No tokens yet
tokens-none-hint = A token lets a program use the API in your name, with a role and a branch of its own.
done-token-revoked = The token is revoked.

user-email = Mail address
user-email-hint = For a forgotten password, an invitation, and alerts.
user-language = Language of letters
user-alerts = Write when a phone failed, was blocked or has a second claimant, or a trunk is down
user-invite = Send an invitation
user-invite-effect = A letter with a link by which they choose a password. It counts for three days.
done-user-invited = The invitation is on its way.
