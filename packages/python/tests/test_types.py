"""The dataclasses, enums and exceptions against the types of the component itself."""

import dataclasses
from importlib import resources

import pytest
from wasmtime import Engine
from wasmtime.component import (
    Component,
    ComponentInstanceType,
    EnumType,
    FuncType,
    ListType,
    OptionType,
    RecordType,
    ResultType,
    VariantType,
)

from aws_lambda_connector import (
    AccessKey,
    AssumeRole,
    AsyncClient,
    Client,
    Connection,
    EmulatorEndpoint,
    Endpoint,
    ExecutionStatus,
    Role,
    Session,
    SigningKey,
    UrlEndpoint,
    WebIdentity,
    _values,
    _wit,
    exceptions,
    types,
)

INTERFACES = ["types", "lambda", "sessions", "executions", "cards"]


@pytest.fixture(scope="module")
def interfaces():
    engine = Engine()
    wasm = resources.files("aws_lambda_connector").joinpath("aws-lambda-connector.wasm").read_bytes()
    component = Component(engine, wasm)
    exported = component.type.exports(engine)
    found = {}
    for name in INTERFACES:
        instance = exported.pop(f"connectors:aws-lambda/{name}@0.2.0").ty
        assert isinstance(instance, ComponentInstanceType)
        found[name] = {item: external.ty for item, external in instance.exports(engine).items()}
    assert not exported
    yield found


def functions(interfaces):
    return {
        f"{interface.upper()}_{name.upper().replace('-', '_')}": item
        for interface, items in interfaces.items()
        for name, item in items.items()
        if isinstance(item, FuncType)
    }


def test_every_function_of_the_component_is_described_and_called_by_both_clients(interfaces):
    found = functions(interfaces)
    assert set(found) == {name for name, value in vars(_wit).items() if isinstance(value, _values.Function)}
    for module in ("client.py", "aio.py"):
        source = resources.files("aws_lambda_connector").joinpath(module).read_text()
        assert [name for name in found if f"_wit.{name}" not in source] == []


def test_every_type_of_every_function_is_described_field_by_field(interfaces):
    records, cases = set(), set()
    for name, function in functions(interfaces).items():
        described = getattr(_wit, name)
        assert [parameter for parameter, _ in function.params] == [parameter for parameter, _ in described.parameters]
        for (path, actual), (_, ours) in zip(function.params, described.parameters):
            compare(actual, ours, path, records, cases)
        assert isinstance(function.result, ResultType)
        compare(function.result.ok, described._ok, "ok", records, cases)
        compare(function.result.err, described._error, "error", records, cases)
    # Every dataclass of the package stands for a record or for a case of a variant.
    declared = {
        cls for cls in vars(types).values() if dataclasses.is_dataclass(cls) and cls.__module__ == types.__name__
    }
    assert declared == records | {case for case in cases if dataclasses.is_dataclass(case)}


def compare(actual, ours, path, records, cases):
    if actual is None:
        assert ours is _values.NOTHING, path
    elif isinstance(actual, OptionType):
        assert isinstance(ours, _values.Option), path
        compare(actual.payload, ours._content, path, records, cases)
    elif isinstance(actual, ListType):
        if type(actual.element).__name__ == "U8":
            assert ours is _values.BYTES, path
        else:
            compare(actual.element, ours._element, f"{path}[]", records, cases)
    elif isinstance(actual, RecordType):
        assert [name for name, _ in actual.fields] == [name for name, _, _ in ours._fields], path
        assert [attribute for _, attribute, _ in ours._fields] == [field.name for field in dataclasses.fields(ours._cls)]
        records.add(ours._cls)
        for (name, field), (_, _, described) in zip(actual.fields, ours._fields):
            compare(field, described, f"{path}.{name}", records, cases)
    elif isinstance(actual, EnumType):
        assert [actual.name(index) for index in range(actual.names_count)] == [member.value for member in ours._cls], path
    elif isinstance(actual, VariantType):
        names = [name for name, _ in actual.cases]
        if isinstance(ours, _values.OpenEnum):
            assert names == [*(member.value for member in ours._cls), "other"], path
            return
        described = (
            [(name, content) for name, (_, content) in ours._cases.items()]
            if isinstance(ours, _values.Error)
            else [(case.name, case.content) for case in ours._cases]
        )
        if not isinstance(ours, _values.Error):
            cases.update(case.cls for case in ours._cases)
        assert names == [name for name, _ in described], path
        for (name, content), (_, ours_content) in zip(actual.cases, described):
            compare(content, ours_content, f"{path}.{name}", records, cases)
    else:
        expected = {"String": _values.TEXT, "Bool": _values.BOOL, "F64": _values.F64}
        expected |= {f"U{bits}": getattr(_values, f"U{bits}") for bits in (8, 16, 32, 64)}
        assert ours is expected[type(actual).__name__], path


def test_every_error_case_has_an_exception_of_its_own():
    raised = [cls for cls, _ in _wit.ERROR._cases.values()]
    assert sorted(cls.__name__ for cls in raised) == sorted(set(exceptions.__all__) - {"ConnectorError"})
    assert all(issubclass(cls, exceptions.ConnectorError) for cls in raised)


def test_every_attribute_of_an_error_is_an_attribute_of_its_exception():
    for cls, detail in [
        (exceptions.InvalidInputError, types.InvalidInput),
        (exceptions.ServiceError, types.ServiceErrorDetail),
        (exceptions.TransportError, types.TransportErrorDetail),
        (exceptions.FunctionFailedError, types.FailedInvocation),
    ]:
        assert {field.name for field in dataclasses.fields(detail)} <= set(dir(cls))


SECRET = "hunter2"
KEY = AccessKey(access_key_id="AKID", secret_access_key=SECRET, session_token=SECRET)
ROLE = Role(arn="arn:role", external_id=SECRET)


@pytest.mark.parametrize(
    ("credentials", "shown"),
    [
        (KEY, "AccessKey(access_key_id='AKID')"),
        (
            SigningKey(access_key_id="AKID", date="20260101", key=SECRET.encode(), session_token=SECRET),
            "SigningKey(access_key_id='AKID', date='20260101')",
        ),
        (
            AssumeRole(source=KEY, roles=(ROLE,)),
            "AssumeRole(source=AccessKey(access_key_id='AKID'), "
            "roles=(Role(arn='arn:role', session_name=None, duration_seconds=None),))",
        ),
        (
            WebIdentity(token=SECRET, role=ROLE),
            "WebIdentity(role=Role(arn='arn:role', session_name=None, duration_seconds=None))",
        ),
    ],
)
@pytest.mark.parametrize("endpoint", [UrlEndpoint, EmulatorEndpoint])
def test_repr_of_a_client_shows_no_secret_of_its_connection(credentials, shown, endpoint):
    connection = Connection(region="r-1", credentials=credentials, endpoint=endpoint(f"https://h/?t={SECRET}"))
    for client in (Client(connection=connection), AsyncClient(connection=connection)):
        expected = f"Connection(region='r-1', credentials={shown}, endpoint={endpoint.__name__}())"
        assert repr(client) == f"{type(client).__name__}({expected})"


def test_repr_of_a_session_or_a_request_shows_no_secret():
    session = Session(keys=KEY, expires=7, principal="arn:session")
    assert repr(session) == "Session(keys=AccessKey(access_key_id='AKID'), expires=7, principal='arn:session')"
    request = types.InvokeRequest(function="f", payload=SECRET, client_context=SECRET)
    assert "function='f'" in repr(request)
    assert SECRET not in repr(request)


def test_records_cannot_be_changed():
    key = AccessKey(access_key_id="A", secret_access_key="s")
    with pytest.raises(dataclasses.FrozenInstanceError):
        key.secret_access_key = "t"


def test_words_are_texts_and_accept_the_spelling_of_aws():
    assert ExecutionStatus("TIMED_OUT") is ExecutionStatus.TIMED_OUT
    assert ExecutionStatus.TIMED_OUT == "timed-out" == str(ExecutionStatus.TIMED_OUT)
    with pytest.raises(ValueError):
        ExecutionStatus("LOST")


def test_docs_of_the_wit_are_docstrings():
    assert types.Executed.__doc__ == "Whether the function ran. Decides whether it is safe to try again."
    source = resources.files("aws_lambda_connector").joinpath("types.py").read_text()
    assert '    function: str\n    """Name, partial ARN or full ARN, each with or without `:qualifier`."""\n' in source
    assert Endpoint
