sign-in-title = Sign in
sign-in-name = User name
sign-in-password = Password
sign-in-button = Sign in
sign-in-wrong = User name or password is wrong.
sign-in-shut = There were too many wrong attempts. Try again in { $seconds } seconds.
sign-in-over = This sign-in took too long. Begin again with your user name and password.
sign-in-code-title = Second factor
sign-in-code = Code
sign-in-code-hint = Six digits from your authenticator app, or one of your recovery codes.
sign-in-code-wrong = This code is wrong or was used already. Wait for the next one.

prove-title = Your password, please
prove-why = What comes next shows or changes something secret. You will not be asked again for 15 minutes.
prove-button = Go on
prove-wrong = The password is wrong.

account-title = Your account
second-factor-title = Second factor
second-factor-on = On
second-factor-off = Off
second-factor-why = With an authenticator app, your password alone opens nothing.
second-factor-begin = Set up an authenticator app
second-factor-switch-off = Switch off
second-factor-codes-left = { $count ->
    [one] 1 recovery code is left.
   *[other] { $count } recovery codes are left.
}
second-factor-scan = Scan this picture with your authenticator app.
second-factor-picture = QR code for your authenticator app
second-factor-type = Or type this key into it:
second-factor-first = The code that it shows now
second-factor-confirm = Switch on
second-factor-wrong = That code did not match. Set up the authenticator app again.
recovery-title = Recovery codes
recovery-once = These codes are shown once. Each opens one sign-in if your authenticator is lost. Keep them apart from it.
recovery-kept = I have kept them
password-title = Password
password-old = Present password
password-new = New password
password-hint = At least 12 characters. All your other sessions end.
password-button = Change password
sessions-title = Where you are signed in
sessions-this = This session
sessions-seen = last used
sessions-no-agent = A program without a name
sessions-end = Sign out there
sessions-end-others = Sign out everywhere else

done-session-ended = That session has ended.
done-sessions-ended = All your other sessions have ended.
done-password-changed = Your password is changed. All your other sessions have ended.
done-second-factor-off = The second factor is off.

forgotten-link = Forgotten your password?
forgotten-title = A new password
forgotten-hint = If there is such a user with a mail address, a link comes by mail.
forgotten-button = Send the link
forgotten-asked = If there is such a user with a mail address, a letter with a link is on its way. The link counts for two hours.
forgotten-no-mail = This portal sends no mail. Ask whoever added you for a new password.
forgotten-back = Back to the sign-in
choose-title = Choose a password
choose-for = For the user { $name }.
choose-hint = At least 12 characters. All your sessions end.
choose-button = Take this password
choose-done = Your password is set. Sign in with it.
choose-over = This link has ended, or was used already.
choose-again = Ask for a new link
