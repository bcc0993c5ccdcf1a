# SPDX-License-Identifier: MIT
"""Replies of the bridge, held against its OpenAPI document."""


def schema_errors(document, schema, value, where):
    """What of value is not as the OpenAPI document says."""
    if "anyOf" in schema:
        choices = [list(schema_errors(document, choice, value, where)) for choice in schema["anyOf"]]
        yield from min(choices, key=len)
        return
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    kinds = schema.get("type")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    python = {"string": str, "integer": int, "number": (int, float), "boolean": bool, "array": list, "object": dict, "null": type(None)}
    if not any(isinstance(value, python[kind]) and (kind == "boolean") == isinstance(value, bool) for kind in kinds):
        yield f"{where}: {value!r} is no {kinds}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{where}: {value!r} is none of {schema['enum']}"
    if isinstance(value, list):
        for item in value:
            yield from schema_errors(document, schema["items"], item, where + "[]")
    if isinstance(value, dict):
        for name in schema.get("required", []):
            if name not in value:
                yield f"{where}.{name} is missing"
        for name, item in value.items():
            if name not in schema["properties"]:
                yield f"{where}.{name} is not described"
            else:
                yield from schema_errors(document, schema["properties"][name], item, f"{where}.{name}")


def reply_errors(document, verb, path, reply):
    """The same of a whole reply to a route, whose path is as the document has it."""
    answer = document["paths"][path][verb]["responses"].get(str(reply.status_code))
    if answer is None:
        return [f"{verb} {path}: {reply.status_code} is not described: {reply.text}"]
    return list(schema_errors(document, answer["content"]["application/json"]["schema"], reply.json(), f"{verb} {path}"))
