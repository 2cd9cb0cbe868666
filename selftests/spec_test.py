#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Holds three descriptions of the netlink interface against each other.

The header include/uapi/linux/kage.h (values, and the types and requests that
its comments name), the specification Documentation/netlink/specs/kage.yaml, and
the module's own tables (module/netlink_policy.c, module/netlink.c) must say the
same. Needs no kernel and no privilege. Prints KTAP; exits 0, 1, or 4 (skipped).
"""
import os
import re
import sys

try:
    import yaml
except ImportError:
    print("KTAP version 1\n1..0 # SKIP python3-yaml is not installed")
    sys.exit(4)

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
HEADER = "include/uapi/linux/kage.h"
SPEC = "Documentation/netlink/specs/kage.yaml"
POLICY = "module/netlink_policy.c"
FAMILY = "module/netlink.c"

# What the tables take from the kernel's headers.
KERNEL = {"ETH_ALEN": 6, "IFNAMSIZ": 16, "S64_MAX": 2**63 - 1}
LIMITS = {f"{sign}{bits}-max": 2**(bits - (sign == "s")) - 1
          for sign in "us" for bits in (8, 16, 32, 64)}


def read(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as file:
        return file.read()


def uncomment(text):
    return re.sub(r"/\*.*?\*/", "", text, flags=re.S)


def c_name(text):
    return text.upper().replace("-", "_")


def evaluate(text, names):
    """The value of a C constant expression made of numbers and known names."""
    text = re.sub(r"\b(0x[0-9a-fA-F]+|\d+)[uUlL]*\b", r"\1", text)
    text = re.sub(r"[A-Za-z_]\w*(?<!0x)",
                  lambda m: str(names[m.group()])
                  if m.group() in names else m.group(), text)
    return eval(text, {"__builtins__": {}, "BIT_ULL": lambda n: 1 << n})  # pylint: disable=eval-used


class Header:
    """The uapi header: constants, enums, types and requests."""

    def __init__(self, text):
        code = uncomment(text)
        self.names, self.strings, self.enums = {}, {}, {}
        for name, value in re.findall(r"#define (KAGE_\w+)\s+(\S.*)", code):
            if value.startswith('"'):
                self.strings[name] = value.strip().strip('"')
            else:
                self.names[name] = evaluate(value, self.names)
        for name, body in re.findall(r"enum (\w+) \{(.*?)\};", code, re.S):
            self.enums[name] = self.parse_enum(body)
        self.types = self.parse_types(text)
        self.requests = self.parse_requests(text)

    def parse_enum(self, body):
        values, following = {}, 0
        for entry in filter(None, (e.strip() for e in body.split(","))):
            name, _, value = (part.strip() for part in entry.partition("="))
            if value:
                following = evaluate(value, self.names)
            values[name] = self.names[name] = following
            following += 1
        return values

    @staticmethod
    def parse_types(text):
        """Types as the comments give them, by attribute."""
        types = dict(re.findall(r"^ \* @(KAGE_\w+): (padding|[^,;:\n]+)", text,
                                re.M))
        types.update(re.findall(r"^\t(KAGE_\w+).*?,\s*/\* (\w+) \*/", text,
                                re.M))
        for enum in re.findall(r"enum (\w+) - [^\n]*every value a u64", text):
            body = re.search(r"enum " + enum + r" \{(.*?)\};", text, re.S)
            for name in re.findall(r"^\t(KAGE_\w+)", body.group(1), re.M):
                types[name] = "padding" if name.endswith("_PAD") else "u64"
        return types

    def parse_requests(self, text):
        """The attributes of each request: {command: {attribute: nested}}."""
        commands = "|".join(name.replace("KAGE_CMD_", "")
                            for name in self.enums["kage_cmd"])
        table = text[text.index(" *  VM_NEW"):text.index(" *  VM_EVENT")]
        requests = {}
        for line in re.findall(r"^ \*  (.*)", table, re.M):
            line = line.split("->")[0]
            for part in re.split(r"\s{2,}(?=(?:" + commands + r")\s)", line):
                command, _, rest = part.partition(" ")
                requests[command] = self.parse_request(rest)
        return requests

    @staticmethod
    def parse_request(text):
        """Names of two capitals or more; the prose between has none."""
        found = {}
        for name, nested in re.findall(r"([A-Z][A-Z_]+)(?:\{([^}]*)\})?",
                                       text):
            if name == "VM":
                found["VM_ID"] = found["VM_NAME"] = None
            else:
                found[name] = nested and set(
                    re.findall(r"[A-Z][A-Z_]+|\.\.\.", nested)) or None
        return found


class Module:
    """The module's tables."""

    def __init__(self, policy, family, names):
        self.names = names
        self.ranges, self.policies, self.ops = {}, {}, {}
        policy = uncomment(policy)
        for name, body in re.findall(
                r"struct netlink_range_validation (\w+) = \{(.*?)\};", policy,
                re.S):
            limits = dict(re.findall(r"\.(min|max) = (.+?),\n", body))
            self.ranges[name] = {k: evaluate(v, names)
                                 for k, v in limits.items()}
        for name, body in re.findall(
                r"struct nla_policy (\w+)\[[^]]*\] = \{(.*?)\n\};", policy,
                re.S):
            self.policies[name] = self.parse_policy(body)
        for line in re.findall(r"^\t\{ ((?:VM_)?OP\(.*?) \},$",
                               uncomment(family), re.M | re.S):
            self.parse_op(line)

    def parse_policy(self, body):
        entries = {}
        for attr, value in re.findall(r"^\t\[(.+?)\] = (.+?),$", body,
                                      re.M | re.S):
            first, _, last = (part.strip() for part in attr.partition("..."))
            for name in self.between(first, last or first):
                entries[name] = self.parse_entry(value)
        return entries

    def between(self, first, last):
        prefix = re.match(r"KAGE_(\w+_)?A_", first).group()
        return [name for name, value in self.names.items()
                if name.startswith(prefix)
                and self.names[first] <= value <= self.names[last]]

    def parse_entry(self, text):
        """One nla_policy as {type, and what is checked}."""
        plain = re.match(r"\{ \.type = NLA_(\w+)(?:, \.len = (.+?))? \}$", text)
        if plain:
            entry = {"type": plain.group(1).lower()}
            if plain.group(2):
                entry["max-len"] = evaluate(plain.group(2), self.names)
            if entry["type"] == "nul_string":
                entry["type"] = "string"
            return entry
        kind, args = re.match(r"NLA_POLICY_(\w+)\((.*)\)$", text).groups()
        args = [arg.strip() for arg in args.split(",")]
        if kind == "NESTED":
            return {"type": "nest", "nested": args[0]}
        if kind == "EXACT_LEN":
            return {"type": "binary",
                    "exact-len": evaluate(args[0], self.names)}
        entry = {"type": args[0].replace("NLA_", "").lower()}
        if kind == "FULL_RANGE":
            return {**entry, **self.ranges[args[1].lstrip("&")]}
        keys = {"MIN": ["min"], "MAX": ["max"], "RANGE": ["min", "max"],
                "MASK": ["mask"]}[kind]
        return {**entry, **{key: evaluate(arg, self.names)
                            for key, arg in zip(keys, args[1:])}}

    def parse_op(self, text):
        command, policy = re.match(r"(?:VM_)?OP\((\w+), (\w+)", text).groups()
        self.ops[command] = {
            "policy": self.policies[f"kage_{policy}_policy"],
            "do": text.startswith("VM_OP") or ".doit" in text,
            "dump": "DUMP_OP" in text,
            "admin": "GENL_ADMIN_PERM" in text,
        }

    def nested(self, entry):
        return self.policies[entry["nested"]]


class Spec:
    """The YNL specification, with the names that C has for things."""

    def __init__(self, text):
        self.yaml = yaml.safe_load(text)
        self.consts = {d["name"]: d["value"] for d in self.yaml["definitions"]
                       if d["type"] == "const"}
        self.enums, self.masks = {}, {}
        for entry in self.yaml["definitions"]:
            if entry["type"] != "const":
                self.add_enum(entry)
        self.sets = {s["name"]: s for s in self.yaml["attribute-sets"]}
        self.ops = self.yaml["operations"]["list"]

    def add_enum(self, definition):
        value = definition.get("value-start", 0)
        values = {}
        for entry in definition["entries"]:
            if isinstance(entry, str):
                entry = {"name": entry}
            value = entry.get("value", value)
            name = c_name(definition["name-prefix"] + entry["name"])
            values[name] = value if definition["type"] == "enum" else 1 << value
            value += 1
        self.enums[definition["name"]] = values
        self.masks[definition["name"]] = sum(values.values())

    def attrs(self, name):
        """{C name: (number, attribute)} of a set."""
        value, result = 1, {}
        for attr in self.sets[name]["attributes"]:
            value = attr.get("value", value)
            result[c_name(self.sets[name]["name-prefix"] + attr["name"])] = (
                value, attr)
            value += 1
        return result

    def number(self, value):
        if isinstance(value, str):
            return LIMITS.get(value, self.consts.get(value))
        return value

    def entry(self, attr):
        """An attribute as Module.parse_entry() shows it."""
        result = {"type": attr["type"]}
        for key, value in attr.get("checks", {}).items():
            if key == "flags-mask":
                result["mask"] = self.masks[value]
            else:
                result[key] = self.number(value)
        return result


class Test:
    """One KTAP line per comparison, the differences before it."""

    def __init__(self):
        self.count = self.failed = 0

    def same(self, what, first, second):
        self.count += 1
        ok = first == second
        if not ok:
            self.failed += 1
            self.explain(first, second)
        print(f"{'ok' if ok else 'not ok'} {self.count} {what}")

    @staticmethod
    def explain(first, second):
        if not isinstance(first, dict) or not isinstance(second, dict):
            print(f"# {first!r} against {second!r}")
            return
        for key in sorted(set(first) | set(second)):
            one, two = (side.get(key, "nothing") for side in (first, second))
            if one != two:
                print(f"# {key}: {one!r} against {two!r}")


def ends(enum):
    """The two entries that close every enum that may grow."""
    base = re.sub(r"^__", "", next(n for n in enum if n.startswith("__")))
    return {"__" + base, base}


def without_ends(enum):
    return {k: v for k, v in enum.items() if k not in ends(enum)}


def doc_type(spec, attr):
    """The type of an attribute as the header's comments write it."""
    if attr["type"] == "nest":
        enum = spec.sets[attr["nested-attributes"]]["enum-name"]
        return f"nest of enum {c_name(enum).lower()}"
    if attr["type"] == "pad":
        return "padding"
    if attr["type"] == "binary":
        return f"{attr['checks']['exact-len']} bytes"
    return attr["type"]


def test_values(test, header, spec):
    consts = {c_name("kage-" + k): v for k, v in spec.consts.items()}
    mem_flags = spec.enums["mem-flags"]
    version = {"KAGE_GENL_VERSION": spec.yaml["version"]}
    in_enums = {n for e in header.enums.values() for n in e}
    defines = {k: v for k, v in header.names.items() if k not in in_enums}
    test.same("constants", defines, {**consts, **mem_flags, **version})
    groups = [g["name"] for g in spec.yaml["mcast-groups"]["list"]]
    strings = {c_name("kage-mcgrp-" + g): g for g in groups}
    strings["KAGE_GENL_NAME"] = spec.yaml["name"]
    test.same("names", header.strings, strings)
    for name in ("vm-state", "event"):
        test.same(f"enum {name}", header.enums["kage_" + name.replace("-", "_")],
                  spec.enums[name])
    commands = {c_name(spec.yaml["operations"]["name-prefix"] + op["name"]): n
                for n, op in enumerate(spec.ops, 1)}
    test.same("commands", without_ends(header.enums["kage_cmd"]), commands)


def test_sets(test, header, spec):
    enums = {s["enum-name"].replace("-", "_") for s in spec.sets.values()}
    enums |= {"kage_cmd", "kage_vm_state", "kage_event"}
    test.same("every enum is specified", set(header.enums), enums)
    for name, members in spec.sets.items():
        enum = header.enums[members["enum-name"].replace("-", "_")]
        attrs = spec.attrs(name)
        test.same(f"attributes of {name}", without_ends(enum),
                  {k: v[0] for k, v in attrs.items()})
        types = {k: doc_type(spec, v[1]) for k, v in attrs.items()}
        if f"KAGE_{name.upper()}_A_PAD" in types and name == "stat":
            del types["KAGE_STAT_A_PAD"]    # has no comment
        test.same(f"types of {name}",
                  {k: header.types.get(k) for k in types}, types)


def test_policies(test, module, spec):
    known = {}
    for name in spec.sets:
        known.update({k: spec.entry(v[1])
                      for k, v in spec.attrs(name).items()})
    nests = {k: c_name(v[1]["nested-attributes"])
             for k, v in spec.attrs("kage").items() if v[1]["type"] == "nest"}
    checked = set()
    for name, policy in module.policies.items():
        plain = {k: {x: y for x, y in v.items() if x != "nested"}
                 for k, v in policy.items()}
        checked |= set(policy)
        test.same(f"policy {name}", plain, {k: known.get(k) for k in plain})
        for attr, entry in policy.items():
            if "nested" in entry:
                test.same(f"nest {attr} of {name}",
                          [a for a in module.nested(entry) if not
                           a.startswith(f"KAGE_{nests[attr]}_A_")], [])
    limited = {k for k, v in known.items() if len(v) > 1}
    test.same("every check is made", limited - checked, set())


def test_ops(test, header, module, spec):
    for op in spec.ops:
        command = c_name(op["name"])
        if "event" in op:
            test.same(f"{command} is no request", command in module.ops, False)
            continue
        ours = module.ops.get(command)
        if not ours:
            test.same(f"{command} is served", ours, op)
            continue
        shape = {"do": "do" in op, "dump": "dump" in op,
                 "admin": "admin-perm" in op.get("flags", [])}
        test.same(f"shape of {command}",
                  {k: v for k, v in ours.items() if k != "policy"}, shape)
        for way in {"do", "dump"} & set(op):
            wanted = {c_name("kage-a-" + a)
                      for a in op[way]["request"]["attributes"]}
            test.same(f"request of {command}, {way}", set(ours["policy"]),
                      wanted)
        test_comment(test, header, module, command)
    test.same("every operation is specified", set(module.ops),
              {c_name(op["name"]) for op in spec.ops if "event" not in op})


def test_comment(test, header, module, command):
    """The request as the header's first comment writes it."""
    policy = module.ops[command]["policy"]
    ours = {}
    for attr, entry in policy.items():
        nested = None
        if "nested" in entry:
            nested = {re.sub(r"KAGE_\w+?_A_", "", a)
                      for a in module.nested(entry)}
        ours[attr.replace("KAGE_A_", "")] = nested
    wanted = dict(header.requests.get(command, {}))
    for attr, nested in wanted.items():
        if nested == {"..."}:
            wanted[attr] = ours.get(attr)
    test.same(f"comment on {command}", ours, wanted)


def main():
    header = Header(read(HEADER))
    names = {**KERNEL, **header.names}
    for name, value in re.findall(r"#define (KAGE_\w+)[ \t]+(\(?\d.*)",
                                  uncomment(read("module/types.h"))):
        names[name] = evaluate(value, names)
    for name, value in re.findall(r"#define (KAGE_PAGE_SIZE)\s+(\S.*)",
                                  read("module/types.h")):
        names[name] = evaluate(value, names)
    module = Module(read(POLICY), read(FAMILY), names)
    spec = Spec(read(SPEC))

    print("KTAP version 1")
    test = Test()
    test_values(test, header, spec)
    test_sets(test, header, spec)
    test_policies(test, module, spec)
    test_ops(test, header, module, spec)
    print(f"1..{test.count}")
    print(f"# {test.count - test.failed} passed, {test.failed} failed")
    return 1 if test.failed else 0


if __name__ == "__main__":
    sys.exit(main())
