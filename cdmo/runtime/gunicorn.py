"""How gunicorn serves the site, on a laptop and in a container alike."""

from cdmo import env

bind = f"{env.text('HOST', '127.0.0.1')}:{env.number('PORT', 8000)}"
workers = env.number("WEB_WORKERS", 2)
threads = env.number("WEB_THREADS", 4)
worker_class = "gthread"
timeout = 60
graceful_timeout = 3  # `up` waits four seconds before it kills
keepalive = 5
control_socket_disable = True  # it would leave a socket in the home folder
errorlog = "-"
loglevel = env.text("LOG_LEVEL", "WARNING").lower()
