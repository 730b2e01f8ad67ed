"""One file of settings. Domain constants live beside their rule, never here."""

from pathlib import Path
from urllib.parse import urlsplit

from cdmo import __version__, env
from cdmo.runtime.addresses import broker_url, database_url, redis_url, secret_key

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(env.text("DATA_DIR", str(BASE_DIR / "data"))).resolve()

DEBUG = env.flag("DEBUG")
SECRET_KEY = secret_key(DATA_DIR)
ALLOWED_HOSTS = env.names("ALLOWED_HOSTS", "127.0.0.1,localhost,[::1],testserver")
CSRF_TRUSTED_ORIGINS = env.names("CSRF_TRUSTED_ORIGINS")
APP_VERSION = __version__
DEMONSTRATION = env.flag("DEMONSTRATION", default=True)

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "pgtrigger",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "django_htmx",
    "django_filters",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "csp",
    "cdmo.accounts",
    "cdmo.records",
    "cdmo.access",
    "cdmo.people",
    "cdmo.training",
    "cdmo.incidents",
    "cdmo.portfolio",
    "cdmo.web",
    "cdmo.api",
    "cdmo.archive",
    "cdmo.vault",
    "cdmo.evaluation",
    "cdmo.portal",
    "cdmo.demo",
    "cdmo.runtime",
    "batches",
    "qc",
    "techtransfer",
]

MIDDLEWARE = [
    "cdmo.web.middleware.BrowserLimitsMiddleware",
    "cdmo.api.middleware.StorableCharacters",
    "django.middleware.security.SecurityMiddleware",
    "cdmo.api.middleware.NoRestInTheClear",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "cdmo.web.knock.KnockMiddleware",
    "cdmo.web.middleware.RequestIdMiddleware",
    "cdmo.web.middleware.SessionEndedMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "cdmo.accounts.middleware.BearerMiddleware",
    "cdmo.access.middleware.SignInMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "cdmo.accounts.middleware.IsolationMiddleware",
    "cdmo.api.middleware.IdempotencyMiddleware",
]

ROOT_URLCONF = "cdmo.urls"
CSRF_FAILURE_VIEW = "cdmo.web.errors.csrf_failure"
WSGI_APPLICATION = "cdmo.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "cdmo.web.context.shell",
            ],
        },
    }
]

DATABASES = {"default": env.database(database_url(DATA_DIR))}
# jit=off: statements here are short; compiling one costs more than running it (25 ms against 1).
DATABASES["default"]["OPTIONS"].setdefault(
    "options", f"-c cdmo.app_version={__version__} -c jit=off"
)
DATABASES["default"]["OPTIONS"].setdefault("connect_timeout", "5")
DATABASES["default"]["CONN_MAX_AGE"] = env.number("CONN_MAX_AGE", 60)
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True

REDIS_URL = redis_url(DATA_DIR)
CACHES = {
    "default": {
        "BACKEND": "cdmo.runtime.cache.ForgivingRedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "cdmo-cache",
    }
}

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("email", "full_name")},
    },
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": env.number("PASSWORD_LENGTH", 12)},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {"NAME": "cdmo.access.validators.NotUsedBefore"},
]
PASSWORD_HISTORY = env.number("PASSWORD_HISTORY", 5)  # so many are not used again
PASSWORD_MAX_DAYS = env.number("PASSWORD_MAX_DAYS", 0)  # 0: a password does not age
SETUP_LINK_HOURS = env.number("SETUP_LINK_HOURS", 24)
LOCKOUT_AFTER = env.number("LOCKOUT_AFTER", 5)
LOCKOUT_MINUTES = env.number("LOCKOUT_MINUTES", 15)
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_ADAPTER = "cdmo.access.adapters.Doorkeeper"
ACCOUNT_FORMS = {"change_password": "cdmo.access.forms.ChangePassword"}
# Guesses at one account are counted in the database (LOCKOUT_AFTER); these hold back one address.
ACCOUNT_RATE_LIMITS = {
    "login": "60/m/ip",
    "login_failed": "30/m/ip",
    "reauthenticate": "20/m/user",
    "change_password": "10/m/user",
}

MFA_ADAPTER = "cdmo.access.factors.Factors"
MFA_FORMS = {
    "authenticate": "cdmo.access.forms.SignInCode",
    "reauthenticate": "cdmo.access.forms.AgainCode",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TOTP_TOLERANCE = 1
MFA_REQUIRED_ROLES = env.names("MFA_REQUIRED_ROLES")  # for example qp,qa,admin
# Seal second factors at rest: the first seals, all open. None given: made from SECRET_KEY.
FACTOR_KEYS = [key for key in env.text("FACTOR_KEYS", "").split(",") if key.strip()]

OIDC_ISSUER = env.text("OIDC_ISSUER", "").rstrip("/")
OIDC_NAME = env.text("OIDC_NAME", "Single sign-on")
SOCIALACCOUNT_ADAPTER = "cdmo.access.adapters.SingleSignOn"
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {
        "OAUTH_PKCE_ENABLED": True,
        "APPS": [
            {
                "provider_id": "house",
                "name": OIDC_NAME,
                "client_id": env.text("OIDC_CLIENT_ID", ""),
                "secret": env.text("OIDC_CLIENT_SECRET", ""),
                "settings": {"server_url": OIDC_ISSUER},
            }
        ]
        if OIDC_ISSUER
        else [],
    }
}
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = True  # a session lasts SESSION_MINUTES, whatever the browser does
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = env.number("SESSION_MINUTES", 12 * 60) * 60
SESSION_IDLE_MINUTES = env.number("SESSION_IDLE_MINUTES", 30)

ACCESS_REVIEW_DAYS = env.number("ACCESS_REVIEW_DAYS", 180)
AUDITOR_DAYS = env.number("AUDITOR_DAYS", 90)  # at most so long is an auditor appointed

HTTPS = env.flag("HTTPS")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
if HTTPS:  # browsers take such a name from this very host alone, over TLS, for all of it
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"  # no third cookie
SECURE_SSL_REDIRECT = HTTPS
# Probes ask the process itself, without TLS; REST in the clear is refused, not sent on.
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^api/"]
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if env.flag("BEHIND_PROXY"):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    ALLAUTH_TRUSTED_PROXY_COUNT = 1

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        # The browser follows the form of single sign-on to the provider.
        "form-action": [
            "'self'",
            *([urlsplit(OIDC_ISSUER)._replace(path="").geturl()] if OIDC_ISSUER else []),
            *env.names("OIDC_ORIGINS"),
        ],
        "frame-ancestors": ["'none'"],
    }
}

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True

STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [
    BASE_DIR / "static"
]  # static/vendor is filled from node_modules by `make frontend`
WHITENOISE_USE_FINDERS = True
WHITENOISE_ALLOW_ALL_ORIGINS = False  # no other site needs our fonts
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000  # a master batch record of 300 steps is one form
FILE_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "cdmo.api.authentication.BearerAuthentication",
        "cdmo.api.authentication.BrowserSession",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["cdmo.api.permissions.SignedInAndMayWrite"],
    "DEFAULT_PAGINATION_CLASS": "cdmo.api.pagination.KeysetPagination",
    "DEFAULT_FILTER_BACKENDS": [
        "cdmo.api.filters.Filters",
        "cdmo.api.filters.Search",
        "cdmo.api.filters.Ordering",
    ],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["cdmo.api.parsers.StrictJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "cdmo.api.schema.Schema",
    "EXCEPTION_HANDLER": "cdmo.api.problems.handle",
    "DEFAULT_THROTTLE_CLASSES": ["cdmo.api.throttling.PersonThrottle"],
    "DEFAULT_THROTTLE_RATES": {"person": env.text("API_RATE", "6000/min")},
    "COERCE_DECIMAL_TO_STRING": True,
    "DATETIME_FORMAT": "%Y-%m-%dT%H:%M:%S.%fZ",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "CDMO technology transfer and batch release",
    "VERSION": __version__,
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",  # nothing of a page comes from elsewhere
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_ADD_EXPLICIT_BLANK_NULL_CHOICE": False,
    "ENUM_NAME_OVERRIDES": {
        "RoleEnum": "cdmo.accounts.roles.Role",
        "RolesEnum": "cdmo.accounts.models.Organisation.Kind",
        "IncidentStatusEnum": "cdmo.incidents.states.IncidentStatus",
        "AccessReviewStatusEnum": "cdmo.people.states.ReviewStatus",
        "AccessDecisionEnum": "cdmo.people.states.Decision",
        "DecisionEnum": "techtransfer.projects.states.Decision",
        "AgreementKindEnum": "cdmo.portfolio.states.AgreementKind",
        "ScopeStatusEnum": "cdmo.portfolio.states.ScopeStatus",
        "StepKindEnum": "batches.manufacture.states.StepKind",
        "InstrumentFileStatusEnum": "qc.instruments.states.FileStatus",
        "SpecificationStatusEnum": "qc.specifications.states.SpecificationStatus",
    },
}
API_DOCS_PUBLIC = env.flag("API_DOCS_PUBLIC")

CELERY_BROKER_URL = broker_url(REDIS_URL)
CELERY_TASK_PUBLISH_RETRY = False  # a lost knock costs two seconds: the sweep comes anyway
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 600,
    "socket_connect_timeout": 1,
    "max_retries": 0,  # for whoever sends; worker and scheduler reconnect by their own rules
    "socket_timeout": 5,
}
CELERY_TIMEZONE = "UTC"

# A backup a day by itself, when there is a folder for them; see docs/production.md.
BACKUP_DIR = env.text("BACKUP_DIR", "")
BACKUP_KEEP = env.number("BACKUP_KEEP", 14)
BACKUP_KEY = env.text("BACKUP_KEY", "")
CONTINUITY_DIR = env.text("CONTINUITY_DIR", "")

SECOND_READER_PYTHON = env.text(
    "SECOND_READER_PYTHON", str(BASE_DIR / ".venv-allotropy/bin/python")
)

SILENCED_SYSTEM_CHECKS: list[str] = []
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.text("LOG_LEVEL", "WARNING")},
}
