"""An authorization server made of Authlib, on plain http, with rotation and reuse detection of refresh tokens.

It prints its token URL on a line. It knows the client my-client with the secret foobar, and its assertions by the public key (PEM) in
the first argument; and the user peter with the password secret.
"""

import json
import os
import secrets
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qsl

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"

from authlib.oauth2.rfc6749 import AuthorizationServer, ClientMixin, OAuth2Request, TokenMixin
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant, RefreshTokenGrant, ResourceOwnerPasswordCredentialsGrant
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from authlib.oauth2.rfc7523 import JWTBearerGrant
from joserfc.jwk import RSAKey

METHODS = ["client_secret_basic", "client_secret_post", "none"]
USER = "peter"


class Client(ClientMixin):
    client_id = "my-client"

    def get_client_id(self):
        return self.client_id

    def get_allowed_scope(self, scope):
        return scope or ""

    def check_client_secret(self, client_secret):
        return secrets.compare_digest(client_secret, "foobar")

    def check_endpoint_auth_method(self, method, endpoint):
        return method in METHODS

    def check_grant_type(self, grant_type):
        return True


class Token(TokenMixin):
    """A refresh token, with what it descends from: all of a family end when one is used twice."""

    def __init__(self, scope, family):
        self.scope = scope
        self.family = family
        self.used = False

    def check_client(self, client):
        return True

    def get_scope(self):
        return self.scope


class Server(AuthorizationServer):
    def __init__(self):
        super().__init__()
        self.client = Client()
        self.tokens = {}
        generate = lambda **_: secrets.token_urlsafe(24)
        self.register_token_generator("default", BearerTokenGenerator(generate, generate))

    def query_client(self, client_id):
        return self.client if client_id == self.client.client_id else None

    def save_token(self, token, request):
        if "refresh_token" in token:
            family = request.refresh_token.family if request.refresh_token else {"ended": False}
            self.tokens[token["refresh_token"]] = Token(token.get("scope", ""), family)

    def send_signal(self, name, *args, **kwargs):
        pass

    def create_oauth2_request(self, request):
        return request

    def handle_response(self, status, body, headers):
        return status, body, headers


class Password(ResourceOwnerPasswordCredentialsGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = METHODS

    def authenticate_user(self, username, password):
        return USER if (username, password) == (USER, "secret") else None


class Refresh(RefreshTokenGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = METHODS
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token):
        token = self.server.tokens.get(refresh_token)
        if token is not None and token.used:
            token.family["ended"] = True
        return None if token is None or token.family["ended"] else token

    def authenticate_user(self, refresh_token):
        return USER

    def revoke_old_credential(self, refresh_token):
        refresh_token.used = True


class Assertion(JWTBearerGrant):
    def get_audiences(self):
        return [TOKEN_URL]

    def resolve_issuer_client(self, issuer):
        return self.server.query_client(issuer)

    def resolve_client_public_key(self, client):
        return KEY

    def authenticate_user(self, subject):
        return subject if subject == USER else None

    def has_granted_permission(self, client, user):
        return True


class Request(OAuth2Request):
    @property
    def form(self):
        return self.payload.data


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
        request = Request("POST", TOKEN_URL, headers={"Authorization": self.headers.get("authorization", "")})
        request.payload = BasicOAuth2Payload(dict(parse_qsl(body)))
        status, answer, headers = SERVER.create_token_response(request)
        text = json.dumps(answer).encode()
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


SERVER = Server()
for grant in (ClientCredentialsGrant, Password, Refresh, Assertion):
    SERVER.register_grant(grant)
with open(sys.argv[1], encoding="ascii") as file:
    KEY = RSAKey.import_key(file.read())
LISTENING = HTTPServer(("127.0.0.1", 0), Handler)
TOKEN_URL = f"http://127.0.0.1:{LISTENING.server_port}/token"

print(TOKEN_URL, flush=True)
LISTENING.serve_forever()
