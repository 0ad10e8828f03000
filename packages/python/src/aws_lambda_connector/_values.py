"""Converts Python values to those of the component's boundary, and back.

The package `wasmtime` has such a conversion, which this module replaces for three reasons. It keeps
state in a global variable, so that two threads disturb each other. It stores an integer that does not
fit without an error. It converts bytes one at a time, so that 6 MiB take ten seconds.

An array that the library allocates is filled with zeros first, which is the value `false`. So a
conversion that fails half-way leaves values that can be deleted.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from wasmtime import _ffi as ffi

from aws_lambda_connector.exceptions import ConnectorError, InvalidInputError
from aws_lambda_connector._words import Words

# A `wasmtime_component_val_t`. The library declares its fields dynamically.
Val = Any
R = TypeVar("R")

_SIZE = ctypes.sizeof(ffi.wasmtime_component_val_t)
_CONTENT = ffi.wasmtime_component_val_t.of.offset


class Type:
    """A type of the boundary."""

    def lower(self, value: Any, into: Val, path: str) -> None:
        """Stores the value. `path` names it in errors."""
        raise NotImplementedError

    def lift(self, stored: Val) -> Any:
        """Reads a value. The caller deletes it."""
        raise NotImplementedError


class _Nothing(Type):
    """The content of a case without content."""

    def lift(self, stored: Val) -> None:
        return None


class _Bool(Type):
    def lower(self, value: Any, into: Val, path: str) -> None:
        _expect(value, bool, path)
        into.kind = ffi.WASMTIME_COMPONENT_BOOL
        into.of.boolean = value

    def lift(self, stored: Val) -> bool:
        return bool(stored.of.boolean)


class _Unsigned(Type):
    def __init__(self, bits: int) -> None:
        self._limit = (1 << bits) - 1
        self._kind = getattr(ffi, f"WASMTIME_COMPONENT_U{bits}")
        self._member = f"u{bits}"

    def lower(self, value: Any, into: Val, path: str) -> None:
        _expect(value, int, path)
        if isinstance(value, bool) or not 0 <= value <= self._limit:
            raise InvalidInputError.of(path, f"must be an integer from 0 to {self._limit}")
        into.kind = self._kind
        setattr(into.of, self._member, value)

    def lift(self, stored: Val) -> int:
        return int(getattr(stored.of, self._member))


class _Float(Type):
    def lower(self, value: Any, into: Val, path: str) -> None:
        _expect(value, (int, float), path)
        into.kind = ffi.WASMTIME_COMPONENT_F64
        into.of.f64 = value

    def lift(self, stored: Val) -> float:
        return float(stored.of.f64)


class _Text(Type):
    def lower(self, value: Any, into: Val, path: str) -> None:
        _expect(value, str, path)
        try:
            encoded = value.encode()
        except UnicodeEncodeError:
            raise InvalidInputError.of(path, "contains half of a surrogate pair, which UTF-8 cannot represent") from None
        into.kind = ffi.WASMTIME_COMPONENT_STRING
        into.of.string = ffi.bytes_to_capi(encoded)

    def lift(self, stored: Val) -> str:
        return _text(stored.of.string)


class _Bytes(Type):
    """`list<u8>`. Each byte is a value of its own on this boundary, so these copy with a stride."""

    def lower(self, value: Any, into: Val, path: str) -> None:
        _expect(value, (bytes, bytearray, memoryview), path)
        content = bytes(value)
        data = _new_list(into, len(content))
        if content:
            cells = bytearray(len(content) * _SIZE)
            cells[0::_SIZE] = bytes([ffi.WASMTIME_COMPONENT_U8.value]) * len(content)
            cells[_CONTENT::_SIZE] = content
            ctypes.memmove(data, (ctypes.c_char * len(cells)).from_buffer(cells), len(cells))

    def lift(self, stored: Val) -> bytes:
        size = stored.of.list.size
        if not size:
            return b""
        address = ctypes.addressof(stored.of.list.data.contents)
        cells = (ctypes.c_ubyte * (size * _SIZE)).from_address(address)
        return bytes(memoryview(cells)[_CONTENT::_SIZE])


class List(Type):
    def __init__(self, element: Type) -> None:
        self._element = element

    def lower(self, value: Any, into: Val, path: str) -> None:
        # A text is a sequence of texts, and so would be sent letter by letter.
        if isinstance(value, (str, bytes)):
            raise TypeError(f"{path} must be a sequence, not {type(value).__name__}")
        _expect(value, Sequence, path)
        data = _new_list(into, len(value))
        for index, element in enumerate(value):
            self._element.lower(element, data[index], f"{path}[{index}]")

    def lift(self, stored: Val) -> tuple[Any, ...]:
        elements = stored.of.list
        return tuple(self._element.lift(elements.data[index]) for index in range(elements.size))


class Option(Type):
    def __init__(self, content: Type) -> None:
        self._content = content

    def lower(self, value: Any, into: Val, path: str) -> None:
        into.kind = ffi.WASMTIME_COMPONENT_OPTION
        into.of.option = None
        if value is not None:
            into.of.option = _new_box()
            self._content.lower(value, into.of.option.contents, path)

    def lift(self, stored: Val) -> Any:
        return self._content.lift(stored.of.option.contents) if stored.of.option else None


class Record(Type):
    """A dataclass. Its attributes have the names of the fields with `_` in place of `-`."""

    def __init__(self, cls: type, fields: list[tuple[str, Type]]) -> None:
        self._cls = cls
        self._fields = [(name, name.replace("-", "_"), field) for name, field in fields]

    def lower(self, value: Any, into: Val, path: str) -> None:
        _expect(value, self._cls, path)
        entries = ffi.wasmtime_component_valrecord_t()
        ffi.wasmtime_component_valrecord_new_uninit(ctypes.byref(entries), len(self._fields))
        ctypes.memset(entries.data, 0, len(self._fields) * ctypes.sizeof(ffi.wasmtime_component_valrecord_entry_t))
        into.kind = ffi.WASMTIME_COMPONENT_RECORD
        into.of.record = entries
        for index, (name, attribute, field) in enumerate(self._fields):
            entry = entries.data[index]
            entry.name = ffi.str_to_capi(name)
            field.lower(getattr(value, attribute), entry.val, f"{path}.{name}")

    def lift(self, stored: Val) -> Any:
        entries = stored.of.record.data
        found = {_text(entries[index].name): entries[index].val for index in range(stored.of.record.size)}
        return self._cls(**{attribute: field.lift(found[name]) for name, attribute, field in self._fields})


class Enum(Type):
    def __init__(self, cls: type[Words]) -> None:
        self._cls = cls

    def lower(self, value: Any, into: Val, path: str) -> None:
        into.kind = ffi.WASMTIME_COMPONENT_ENUM
        into.of.enumeration = ffi.str_to_capi(_word(self._cls, value, path).value)

    def lift(self, stored: Val) -> Words:
        return self._cls(_text(stored.of.enumeration))


class OpenEnum(Type):
    """A variant of words, to which the service may add. An added word is a plain `str`."""

    def __init__(self, cls: type[Words]) -> None:
        self._cls = cls

    def lower(self, value: Any, into: Val, path: str) -> None:
        _expect(value, str, path)
        try:
            _new_variant(into, self._cls(value).value)
        except ValueError:
            TEXT.lower(value, _new_variant(into, "other", content=True), path)

    def lift(self, stored: Val) -> str:
        word = _text(stored.of.variant.discriminant)
        return str(TEXT.lift(stored.of.variant.val.contents)) if word == "other" else self._cls(word)


class Case:
    """A case of a variant: the Python type that stands for it, and its content."""

    def __init__(self, name: str, cls: type, content: Type, *, wrapped: bool) -> None:
        self.name = name
        self.cls = cls
        self.content = content
        # Whether the Python type is a wrapper around the content, or only a marker without content.
        self.wrapped = wrapped


class Variant(Type):
    def __init__(self, name: str, cases: list[Case]) -> None:
        self._name = name
        self._cases = cases

    def lower(self, value: Any, into: Val, path: str) -> None:
        for case in self._cases:
            if isinstance(value, case.cls):
                break
        else:
            allowed = ", ".join(case.cls.__name__ for case in self._cases)
            raise TypeError(f"{path} must be one of {allowed}, not {type(value).__name__}")
        if case.content is NOTHING:
            _new_variant(into, case.name)
        else:
            content = getattr(value, "value") if case.wrapped else value
            case.content.lower(content, _new_variant(into, case.name, content=True), path)

    def lift(self, stored: Val) -> Any:
        name = _text(stored.of.variant.discriminant)
        case = next(case for case in self._cases if case.name == name)
        if case.content is NOTHING:
            return case.cls()
        content = case.content.lift(stored.of.variant.val.contents)
        return case.cls(content) if case.wrapped else content


class Error(Type):
    """The variant of errors. Its values are exceptions, to be raised."""

    def __init__(self, cases: list[tuple[str, type[ConnectorError], Type]]) -> None:
        self._cases = {name: (cls, content) for name, cls, content in cases}

    def lift(self, stored: Val) -> ConnectorError:
        cls, content = self._cases[_text(stored.of.variant.discriminant)]
        return cls.lifted(None if content is NOTHING else content.lift(stored.of.variant.val.contents))


class Function(Generic[R]):
    """A function of the world. All of them return a `result`."""

    def __init__(
        self, interface: str, name: str, parameters: list[tuple[str, Type]], ok: Type, error: Error
    ) -> None:
        self.interface = interface
        self.name = name
        self.parameters = parameters
        self._ok = ok
        self._error = error

    def lower(self, arguments: Sequence[object], into: Any) -> None:
        """Stores the arguments in an array of values that is filled with zeros."""
        for index, ((name, parameter), argument) in enumerate(zip(self.parameters, arguments, strict=True)):
            parameter.lower(argument, into[index], name)

    def lift(self, stored: Val) -> R:
        """Returns the `ok` value, or raises the `error`."""
        result = stored.of.result
        if not result.is_ok:
            raise self._error.lift(result.val.contents)
        returned: R = self._ok.lift(result.val.contents if result.val else None)
        return returned


NOTHING = _Nothing()
BOOL = _Bool()
U8, U16, U32, U64 = (_Unsigned(bits) for bits in (8, 16, 32, 64))
F64 = _Float()
TEXT = _Text()
BYTES = _Bytes()


def _expect(value: Any, expected: Any, path: str) -> None:
    if not isinstance(value, expected):
        names = expected if isinstance(expected, tuple) else (expected,)
        raise TypeError(f"{path} must be {' or '.join(cls.__name__ for cls in names)}, not {type(value).__name__}")


def _word(cls: type[Words], value: Any, path: str) -> Words:
    try:
        return cls(value)
    except ValueError:
        allowed = ", ".join(repr(member.value) for member in cls)
        # The value's `repr` is not in the message, because a secret may be in the wrong place.
        raise InvalidInputError.of(path, f"must be one of {allowed}") from None


def _text(vec: Any) -> str:
    return ctypes.string_at(vec.data, vec.size).decode() if vec.size else ""


def _new_box() -> Any:
    return ffi.wasmtime_component_val_new(ctypes.byref(ffi.wasmtime_component_val_t()))


def _new_list(into: Val, size: int) -> Any:
    elements = ffi.wasmtime_component_vallist_t()
    ffi.wasmtime_component_vallist_new_uninit(ctypes.byref(elements), size)
    ctypes.memset(elements.data, 0, size * _SIZE)
    into.kind = ffi.WASMTIME_COMPONENT_LIST
    into.of.list = elements
    return elements.data


def _new_variant(into: Val, case: str, *, content: bool = False) -> Any:
    """Stores a variant, and returns the place of its content."""
    into.kind = ffi.WASMTIME_COMPONENT_VARIANT
    into.of.variant.discriminant = ffi.str_to_capi(case)
    into.of.variant.val = _new_box() if content else None
    return into.of.variant.val.contents if content else None
