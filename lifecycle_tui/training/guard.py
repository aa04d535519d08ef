"""Looks a skops file over before skops does: sizes, names, the kinds of nodes, and trees that could crash a process.

skops asks whether each type is trusted. This asks what it does not: whether the archive is a bomb, whether a node is of
a kind that artefacts need, and whether a tree's nodes lead inside the tree (scikit-learn follows them unchecked).
Nothing is built here; called by `artefact`.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile

from lifecycle_tui.domain.errors import TrainingError

if TYPE_CHECKING:
    import numpy as np

SCHEMA = "schema.json"
MOST_MEMBERS = 200_000
MOST_BYTES = 4 * 1024**3
"""Of all members together, unpacked."""
MOST_SCHEMA = 64 * 1024**2
SMALL = 64 * 1024**2
MOST_TIMES = 200
"""An archive that unpacks to more than `SMALL` may grow by no more than this factor."""

LOADERS = frozenset(
    {
        "DictNode",
        "DefaultDictNode",
        "ListNode",
        "SetNode",
        "TupleNode",
        "BytesNode",
        "BytearrayNode",
        "SliceNode",
        "FunctionNode",
        "PartialNode",
        "TypeNode",
        "ConstructorFromReduceNode",
        "ObjectNode",
        "JsonNode",
        "NdArrayNode",
        "MaskedArrayNode",
        "DTypeNode",
        "RandomStateNode",
        "RandomGeneratorNode",
        "SparseMatrixNode",
        "LossNode",
        "TreeNode",
    }
)
"""Kinds of nodes that fitted estimators need; methods and operators, which call what they name, are not among them."""
_ONLY = {
    "sklearn.tree._tree.Tree": "TreeNode",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor": "ObjectNode",
}
"""Types that may be made by one kind of node alone, whose trees are checked; an empty tree crashes too."""
_MEMBER = re.compile(r"[A-Za-z0-9_-]{1,64}\.(npy|npz|bin)")


def names(data: bytes) -> frozenset[str]:
    """Import paths of all types and functions that the file names.

    Raises:
        TrainingError: it is no skops file, is damaged, or is made to do harm.
    """
    try:
        with ZipFile(io.BytesIO(data)) as archive:
            _check_members(archive, len(data))
            schema = json.loads(archive.read(SCHEMA))
            walk = _Walk(archive)
            walk.run(schema)
            for name in archive.namelist():
                if name.endswith(".npy"):
                    _check_header(archive, name)
                elif name.endswith(".npz"):
                    with ZipFile(io.BytesIO(archive.read(name))) as inner:
                        _check_sizes(inner, archive.getinfo(name).file_size)
            return frozenset(walk.names)
    except TrainingError:
        raise
    except (BadZipFile, EOFError, RecursionError) as exc:
        raise _damaged(str(exc) or "it is nested too deeply") from None
    except Exception as exc:  # zlib, json, struct, unicode …: whatever a damaged file makes of itself
        raise _damaged(f"{type(exc).__name__}: {exc}") from None


def _damaged(why: str) -> TrainingError:
    return TrainingError(
        f"the artefact cannot be read: {why[:300]}", hint="is it whole, and was it saved with skops.io.dump?"
    )


def _refused(why: str) -> TrainingError:
    return TrainingError(f"the artefact is refused: {why[:300]}", hint="it was not made by skops; do not load it")


def _check_members(archive: ZipFile, size: int) -> None:
    found = archive.infolist()
    if len({m.filename for m in found}) != len(found):
        raise _refused("two of its members have the same name")
    for member in found:
        if member.filename != SCHEMA and not _MEMBER.fullmatch(member.filename):
            raise _refused(f"a member is called {member.filename!r}")
        if member.flag_bits & 1 or member.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
            raise _refused(f"its member {member.filename} is encrypted or packed in an unusual way")
    if SCHEMA not in archive.namelist():
        raise _damaged("it has no schema.json")
    if archive.getinfo(SCHEMA).file_size > MOST_SCHEMA:
        raise _refused("its schema.json is too large")
    _check_sizes(archive, size)


def _check_sizes(archive: ZipFile, size: int) -> None:
    found = archive.infolist()
    whole = sum(m.file_size for m in found)
    if len(found) > MOST_MEMBERS or whole > MOST_BYTES or whole > max(SMALL, MOST_TIMES * size):
        raise _refused(f"{size:,} bytes would unpack to {whole:,} in {len(found):,} members")


def _check_header(archive: ZipFile, name: str) -> None:
    """An array must be as large as it says: NumPy makes room for it first."""
    from numpy.lib import format as npy

    with archive.open(name) as member:
        version = npy.read_magic(member)
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, _, dtype = read(member)
        count = 1
        for length in shape:
            count *= length
        if dtype.hasobject or count * dtype.itemsize > archive.getinfo(name).file_size - member.tell():
            raise _refused(f"its array {name} is not what it says: {shape} of {dtype}")


@dataclass
class _Walk:
    """Visits every node of a schema, without recursion."""

    archive: ZipFile

    def __post_init__(self) -> None:
        self.names: set[str] = set()
        self._same: dict[Any, tuple[Any, ...]] = {}

    def run(self, schema: Any) -> None:
        if not isinstance(schema, dict):
            raise _damaged("its schema is no object")
        protocol = schema.get("protocol")
        if type(protocol) is not int or protocol < 1:
            raise _refused(f"its protocol is {protocol!r}")
        stack: list[tuple[Any, int | None]] = [(schema, None)]
        while stack:
            value, features = stack.pop()
            if isinstance(value, list):
                stack.extend((item, features) for item in value)
            elif isinstance(value, dict):
                if isinstance(value.get("__loader__"), str):
                    own = _whole(_attribute(value, "n_features_in_"))
                    features = features if own is None else own
                    self._node(value, features)
                stack.extend((item, features) for item in value.values())

    def _node(self, node: Mapping[str, Any], features: int | None) -> None:
        loader, module, cls = node["__loader__"], node.get("__module__"), node.get("__class__")
        if not isinstance(module, str) or not isinstance(cls, str):
            raise _refused(f"a node of kind {loader} names no type")
        if loader not in LOADERS:
            raise _refused(f"it holds a node of kind {loader} ({module}.{cls})")
        self.names.add(f"{module}.{cls}")
        if _ONLY.get(f"{module}.{cls}", loader) != loader:
            raise _refused(f"it makes a {cls} in an unusual way ({loader})")
        tree = loader == "TreeNode" or cls == "TreePredictor"
        # skops builds a node once for each __id__ and forgets what else is said under that number.
        said = (loader, module, cls, features if tree else None)
        if node.get("__id__") is not None and self._same.setdefault(node["__id__"], said) != said:
            raise _refused(f"two nodes of kinds {cls} and {self._same[node['__id__']][2]} claim to be the same")
        if loader == "TreeNode":
            arguments = node["__reduce__"]["args"]["content"]
            self._tree(_attribute(node, "nodes"), _whole(arguments[0]), ("left_child", "right_child", "feature"))
        elif cls == "TreePredictor":
            bitsets = min(self._length(node, f"{kind}_left_cat_bitsets") for kind in ("raw", "binned"))
            self._tree(_attribute(node, "nodes"), features, ("left", "right", "feature_idx"), bitsets)

    def _length(self, node: Mapping[str, Any], name: str) -> int:
        found = _attribute(node, name)
        return len(self._array(found)) if found is not None else 0

    def _array(self, node: Any) -> np.ndarray:
        import numpy as np

        _check_header(self.archive, node["file"])
        return np.load(io.BytesIO(self.archive.read(node["file"])), allow_pickle=False)

    def _tree(self, node: Any, features: int | None, fields: tuple[str, str, str], bitsets: int | None = None) -> None:
        """Every inner node leads to two later nodes of the same tree, and asks for a feature that there is."""
        import numpy as np

        nodes = self._array(node)
        left, right, feature = (nodes[name].astype(np.int64) for name in fields)
        inner = left != -1 if bitsets is None else nodes["is_leaf"] == 0
        at = np.arange(len(nodes))
        later = (left > at) & (right > at) & (left < len(nodes)) & (right < len(nodes))
        known = (feature >= 0) & (feature < (features or 0))
        sound = bool((later & known)[inner].all()) and len(nodes) > 0
        if sound and bitsets:
            asked = inner & (nodes["is_categorical"] != 0)
            sound = bool((nodes["bitset_idx"].astype(np.int64)[asked] < bitsets).all())
        elif sound and bitsets == 0:
            sound = not (inner & (nodes["is_categorical"] != 0)).any()
        if not sound:
            raise _refused("a tree in it leads outside of itself")


def _attribute(node: Mapping[str, Any], name: str) -> Any:
    """The node of an attribute of an object's node."""
    content = node.get("content")
    inner = content.get("content") if isinstance(content, dict) else None
    return inner.get(name) if isinstance(inner, dict) else None


def _whole(node: Any) -> int | None:
    """A whole number of a JSON node, or of an array of one."""
    try:
        found = json.loads(node["content"])
    except (TypeError, KeyError, ValueError):
        return None
    return found if type(found) is int else None
