"""Writes tests/fixtures/xen/corpus.json: cases with the verdict of libxlutil, for tests that run without it.

python -m tests.xen.makecorpus FOLDER: the folder with the library, as in COLOTUI_XLU.
"""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path

from tests.xen import generator
from tests.xen.forms import encoded
from tests.xen.test_oracle import jams, real_configs
from tests.xen.xlu import Xlu

CONFIGS = (
    "", "\n", "a=1", "a=1\n", "a=1;b=2", ";;\n;", " a = 1 # x\n", "a=0755", "a=08", "a=0x1F", "a=0x1f", "a=-1",
    "a='-1'", 'a=" 7"', 'a="7 "', "a=1.5", "a=true", "a=b", "A=1", "if=1\nfor=2", "a.b=1", "_a=1", "a=1 b=2",
    "a=1\nb=2", "a=1\r\n", "a=1\\\n", "# x", "# x\n", "a=1 # x", "a=1 #x\n", "#", "a=1\n)", "a=1\n))", "a='x\ny'",
    "a='it\\'s'", 'a="say \\"x\\""', "a='\\a\\b\\f\\n\\r\\t\\v\\\\'", "a='\\x41'", "a='\\101'", "a='\\1'", "a='\\1 7'",
    "a='\\1+7'", "a='\\18'", "a='\\0123'", "a='\\q'", "a='unclosed", "a=\"x' ", 'a="x" "y"', 'a="""x"""', "a='x''y'",
    "a=[]", "a=[1]", "a=[1,]", "a=[,]", "a=[1,,2]", "a=[1 2]", "a=[\n1\n,\n2\n]\n", "a=[ # c\n 1, # d\n]", "a=[1;2]",
    "a=[[1],[2,[3]]]", "a=[1", "a=1]", "a+=1", "a=1\na+=2", "a='x'\na+='y'\n", "a=[1]\na+=[2]\n", "a=[1]\na+='x'",
    "a='x'\na+=[1]", "a=1\na=2", "a=1\na=[2]\na+=[3]", "a + = 1", "a +=1", "a+= =1", "=1", "a", "a=", "a==1", "a=1=2",
    "disk=['a','b',]\ndisk+=['c']", "a='\u00e9'\n", "a=\u00e9", "a=9223372036854775807", "a=9223372036854775808",
    "a='-9223372036854775808'", "a=0777777777777777777777", "a=01777777777777777777777", "a='0x'", "a=''", "a=1\f",
    "[1]", "a='#'", "a=[']']", "\ta=1", "a\t=\t1\t\n", "a='\\\u00e9'",
)  # fmt: skip
DISKS = (
    "", ",", "/a", "/a,raw,hda,w", "/a,raw,hda,w,x", "/a,,hda", "/a,hda", ",,hda:cdrom", ",hda:cdrom", "phy:/a,hda,w",
    "phy:/a,raw,hda", "tap:aio:/a,hda,w", "tap:colo:192.168.77.2:9000|aio:/root/hvm/disk.raw,hda,w",
    "tap2:remus:192.168.77.2:9000|aio:/root/hvm/disk.raw,hda,w", "zzz:/a,hda", "qcow2:/a,hda,w", "nbd:x,hda",
    "format=raw,vdev=hda,access=rw,target=/a", "vdev=hda,target=/a,b=c,format=raw", "vdev=hda", "target=/a",
    "vdev=hda,cdrom", "vdev=hda,devtype=cdrom,target=", "format=raw,vdev=hda,access=rw,filter=colo,target=/a",
    "format=raw,vdev=hda,filter-params=192.168.77.2:9000,target=/a", "vdev=hda,vdev=hdb,target=/a",
    "vdev=hda,format=raw,format=raw,target=/a", "vdev=hda,format=raw,format=qcow2,target=/a", "vdev=hda,foo=,target=/a",
    "vdev=hda,colo,colo-host=h,colo-port=9000,colo-export=q,active-disk=/b,hidden-disk=/c,target=/a",
    "vdev=hda,target=",
    "vdev=hda,colo-port=0,target=/a", "vdev=hda,colo-port=x,target=/a", "vdev=hda,colo-port=70000,target=/a",
    " vdev=hda, target=/a", "vdev=hda,\n target=/a", "vdev=hda,target=/a\n", "/a,raw,hda=", "vdev=hda,target=/a,",
    "format=raw , vdev=hda,target=/a", "no-colo,vdev=hda,target=/a", "discard,no-discard,vdev=hda,target=/a",
    "backendtype=qdisk,vdev=hda,target=/a", "backendtype=x,vdev=hda,target=/a", "script=s,vdev=hda,target=/a",
)  # fmt: skip


def shown(value: object) -> object:
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    return [shown(item) for item in value] if isinstance(value, list) else value


def main() -> None:
    xlu = Xlu(Path(sys.argv[1]))
    real = real_configs()
    configs = [*CONFIGS, *real]
    for seed in range(400):
        text = generator.one_config(random.Random(seed), real)
        if len(text) < 300:
            configs.append(text)
    disks = [*DISKS, *(generator.one_disk(random.Random(seed)) for seed in range(500))]
    told: dict[str, object] = {"library": xlu.version, "configs": [], "disks": []}
    for text in dict.fromkeys(configs):
        read = xlu.read(encoded(text))
        case: dict[str, object] = {"text": text, "accepted": read is not None}
        if read is not None:
            case |= {
                "values": {name.decode(): shown(value) for name, value in sorted(read.values.items())},
                "lines": {name.decode(): line for name, line in sorted(read.lines.items())},
                "numbers": {name.decode(): number for name, number in sorted(read.numbers.items())},
            }
        told["configs"].append(case)  # type: ignore[attr-defined]
    for text in dict.fromkeys(disks):
        if "trusted" not in text:  # newer than the library
            made = None if jams(xlu, text) else xlu.disk(encoded(text))
            told["disks"].append({"text": text, "made": made})  # type: ignore[attr-defined]
    target = Path(__file__).parent.parent / "fixtures" / "xen" / "corpus.json"
    target.write_text(json.dumps(told, indent=1) + "\n")
    print(len(told["configs"]), len(told["disks"]), target.stat().st_size)  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
