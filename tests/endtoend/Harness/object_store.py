"""An S3 store on loopback: OpenStack Swift with its S3 interface, one disk, one process. Prints its port once it serves."""
import os
import socket
import sys

import eventlet
eventlet.monkey_patch()

from eventlet import wsgi
from swift.common import storage_policy, utils
from swift.common.ring import RingBuilder

FOLDER = sys.argv[1]
CONF = {"swift_dir": FOLDER, "devices": FOLDER + "/devices", "mount_check": "false"}
NOWHERE = open(os.devnull, "w")


class Cache:
    """What memcached would do."""

    def __init__(self, app):
        self.app = app
        self.values = {}

    def __call__(self, env, start_response):
        env["swift.cache"] = self
        return self.app(env, start_response)

    def get(self, key, **_):
        return self.values.get(key)

    def set(self, key, value, **_):
        self.values[key] = value

    def incr(self, key, delta=1, **_):
        self.values[key] = self.values.get(key, 0) + delta
        return self.values[key]

    def delete(self, key, **_):
        self.values.pop(key, None)


def listener():
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    sock.listen(64)
    return sock


def configure():
    os.makedirs(FOLDER + "/devices/disk")
    path = FOLDER + "/swift.conf"
    with open(path, "w") as conf:
        conf.write("[swift-hash]\nswift_hash_path_suffix = test\n[storage-policy:0]\nname = one\ndefault = yes\n")
    utils.SWIFT_CONF_FILE = storage_policy.SWIFT_CONF_FILE = path
    utils.validate_hash_conf()
    storage_policy.reload_storage_policies()


def storage():
    from swift.account.server import AccountController
    from swift.container.server import ContainerController
    from swift.obj.server import ObjectController
    servers = [(name, listener(), controller) for name, controller in
               (("account", AccountController), ("container", ContainerController), ("object", ObjectController))]
    for name, sock, _ in servers:
        ring = RingBuilder(2, 1, 1)
        ring.add_dev({"id": 0, "region": 1, "zone": 1, "weight": 1, "ip": "127.0.0.1", "port": sock.getsockname()[1], "device": "disk"})
        ring.rebalance()
        ring.get_ring().save("%s/%s.ring.gz" % (FOLDER, name))
    for _, sock, controller in servers:
        eventlet.spawn(wsgi.server, sock, controller(CONF), NOWHERE)


def proxy():
    from swift.common.middleware import catch_errors, listing_formats, slo, tempauth
    from swift.common.middleware.s3api import s3api
    from swift.proxy.server import Application
    app = Application(dict(CONF, allow_account_management="true", account_autocreate="true"))
    app = slo.filter_factory(CONF)(app)
    app = tempauth.filter_factory(CONF, user_test_tester="testing .admin")(app)
    app = s3api.filter_factory(CONF, location="us-east-1")(app)
    app = listing_formats.filter_factory(CONF)(app)
    return catch_errors.filter_factory(CONF)(Cache(app))


configure()
storage()
front = listener()
print(front.getsockname()[1], flush=True)
wsgi.server(front, proxy(), NOWHERE)
