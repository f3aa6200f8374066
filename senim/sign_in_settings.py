"""The settings of log-ins in the admin; none of them is for operators to change."""

from datetime import timedelta

# a long day in a gym; from the log-in on, however much the session is used
SESSION_COOKIE_AGE = 12 * 3600
AUTHENTICATION_BACKENDS = ["workouts.services.lockouts.LockableBackend"]
# a foreign `next` at the log-in leads here
LOGIN_REDIRECT_URL = "admin:index"
LOGIN_URL = "admin:login"
# a name is locked for an address: neither that user elsewhere nor the others there
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_HANDLER = "workouts.services.lockouts.LockoutHandler"
# the server's word, which is the proxy's behind TRUSTED_PROXIES; never a header
AXES_CLIENT_IP_CALLABLE = "workouts.services.lockouts.find_client_address"
AXES_LOCKOUT_CALLABLE = "workouts.admin.accounts.lockout_page.show_lockout_page"
AXES_ENABLE_ACCESS_FAILURE_LOG = True
AXES_ENABLE_ADMIN = False  # the admin has pages of its own for these
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address", "csrfmiddlewaretoken"]
AXES_VERBOSE = False
OTP_TOTP_ISSUER = "Senim"
