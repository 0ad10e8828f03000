"""Prints the parameters of one invocation for `obelisk execution submit`: parameters.py FUNCTION [PAYLOAD]"""

import json
import sys

from engine import connection, request

function, *payload = sys.argv[1:]
print(json.dumps([connection(), request(function, *map(json.loads, payload))]))
