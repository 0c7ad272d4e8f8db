"""Signs requests with botocore, one JSON object a line, in and out."""

import base64
import datetime
import hashlib
import json
import sys
from urllib.parse import quote

import botocore.auth
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

UNSIGNED = {'payload_signing_enabled': False, 'client_config': Config(s3={'payload_signing_enabled': False})}
TRAILER = {'checksum': {'request_algorithm': {'in': 'trailer', 'algorithm': 'crc32', 'name': 'x-amz-checksum-crc32'}}}


def sign(case):
    like_s3 = case['likeS3']
    # S3 gets the name of the object, the others what is on the wire.
    path = quote(case['path'], safe='/~') if like_s3 else case['path']
    body = base64.b64decode(case['body'])
    request = AWSRequest(case['method'], f'https://{case["authority"]}{path}', data=body, params=[tuple(pair) for pair in case['query']])
    request.headers['Host'] = case['authority']
    for name, value in case['headers']:
        request.headers[name] = value
    request.context.update({'whole': {}, 'unsigned': UNSIGNED, 'trailer': TRAILER}[case['payload']])
    if not like_s3 and case['payload'] == 'whole':
        request.headers['X-Amz-Content-SHA256'] = hashlib.sha256(body).hexdigest()
    key = case['key']
    credentials = Credentials(key['accessKeyId'], key['secretAccessKey'], key.get('sessionToken'))
    now = datetime.datetime.fromtimestamp(case['seconds'], datetime.timezone.utc)
    botocore.auth.get_current_datetime = lambda: now
    signer = S3SigV4Auth if like_s3 else SigV4Auth
    signer(credentials, case['service'], case['region']).add_auth(request)
    names = ['authorization', 'x-amz-date', 'x-amz-content-sha256', 'x-amz-security-token']
    return [[name, request.headers[name]] for name in names if name in request.headers]


for line in sys.stdin:
    print(json.dumps(sign(json.loads(line))))
