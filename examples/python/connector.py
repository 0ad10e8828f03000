"""Calls the connector from Python with the package `wasmtime`."""

import os

from wasmtime import Config, Engine, Store, WasiConfig
from wasmtime.component import Component, Linker, ListType, OptionType, Record, RecordType, Variant, VariantType

# Enough for the largest payload and the largest response at the same time.
MEMORY_LIMIT = 64 << 20


class LambdaError(Exception):
    """The WIT type `error`: `case` is the name of its case, and `detail` is its content."""

    def __init__(self, error):
        super().__init__(f"{error.tag}: {getattr(error.payload, 'message', None)}")
        self.case, self.detail = error.tag, error.payload


class Connector:
    """Compiles the component once. Every call gets a fresh instance, so calls share no memory."""

    def __init__(self, path):
        self._engine = Engine(Config())
        self._component = Component.from_file(self._engine, str(path))
        self._linker = Linker(self._engine)
        self._linker.add_wasip2()
        self._linker.add_wasi_http()

    def call(self, interface, function, *arguments):
        """For example `call("lambda", "invoke", connection, {"function": "greet"})`.

        Records are dicts, which may omit optional fields. A variant's case is its name, or a pair of name
        and content. Returns the `ok` value, and raises the `error` as `LambdaError`.
        """
        store = Store(self._engine)
        store.set_limits(memory_size=MEMORY_LIMIT)
        # The component inherits no environment, no files and no standard streams.
        store.set_wasi(WasiConfig())
        store.set_wasi_http()
        instance = self._linker.instantiate(store, self._component)
        exported = instance.get_export_index(store, f"connectors:aws-lambda/{interface}@0.2.0")
        index = exported and instance.get_export_index(store, function, exported)
        if index is None:
            raise LookupError(f"the component does not export {interface}.{function}")
        func = instance.get_func(store, index)
        parameters = func.type(store).params
        values = [_lowered(argument, type) for argument, (_, type) in zip(arguments, parameters, strict=True)]
        answer = func(store, *values)
        if isinstance(answer, Variant):
            raise LambdaError(answer)
        return answer


def from_environment(environment=os.environ):
    """The connection that AWS's environment variables describe."""
    connection = {
        "region": environment["AWS_REGION"],
        "credentials": (
            "access-key",
            {
                "access-key-id": environment["AWS_ACCESS_KEY_ID"],
                "secret-access-key": environment["AWS_SECRET_ACCESS_KEY"],
                "session-token": environment.get("AWS_SESSION_TOKEN"),
            },
        ),
    }
    if endpoint := environment.get("AWS_ENDPOINT_URL_LAMBDA"):
        connection["endpoint"] = ("url", endpoint)
    return connection


def _lowered(value, type):
    """Converts the value to the form that the package requires for this WIT type."""
    if isinstance(type, OptionType):
        return None if value is None else _lowered(value, type.payload)
    if isinstance(type, ListType) and isinstance(value, list):
        return [_lowered(element, type.element) for element in value]
    if isinstance(type, VariantType):
        case, content = (value, None) if isinstance(value, str) else value
        cases = dict(type.cases)
        return Variant(case, None if cases[case] is None else _lowered(content, cases[case]))
    if isinstance(type, RecordType):
        fields = dict(type.fields)
        if unknown := value.keys() - fields.keys():
            raise TypeError(f"no such fields: {', '.join(sorted(unknown))}; there are {', '.join(fields)}")
        record = Record()
        for name, field in fields.items():
            setattr(record, name, _lowered(value.get(name), field))
        return record
    return value
