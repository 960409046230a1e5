"""What runs see of the environment in which the server was started."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

PASS_ON = "TL_PASS_ON"
"""Setting: names of further variables that runs get, with commas between them."""

_NAMES = (
    # of the system
    "HOME", "LANG", "LANGUAGE", "LOGNAME", "PATH", "TEMP", "TMP", "TMPDIR", "TZ", "USER",
    # of Windows
    "APPDATA", "COMSPEC", "HOMEDRIVE", "HOMEPATH", "LOCALAPPDATA", "NUMBER_OF_PROCESSORS",
    "PATHEXT", "PROGRAMDATA", "SYSTEMDRIVE", "SYSTEMROOT", "USERNAME", "USERPROFILE", "WINDIR",
    # of downloads
    "ALL_PROXY", "CURL_CA_BUNDLE", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE",
)  # fmt: skip
_FAMILIES = (
    # of the system, Python and this program
    "DYLD_", "LC_", "LD_", "MALLOC_", "PROCESSOR_", "PYTHON", "SSL_CERT_", "TL_", "XDG_",
    # of torch, and of what counts its threads
    "ATEN_", "BLIS_", "DNNL_", "GOMP_", "KMP_", "MKL_", "NUMEXPR_", "OMP_", "ONEDNN_", "OPENBLAS_",
    "PYTORCH_", "TORCH",
    # of graphics processors
    "CUBLAS_", "CUDA", "CUDNN_", "GPU_", "HIP_", "HSA_", "NCCL_", "NVIDIA_", "ROCM_", "ROCR_",
)  # fmt: skip
_SECRET_NAME = re.compile(r"(CODE|KEY|PASSWORD|SECRET|TOKEN|URL)$")
_LOGIN_IN_URL = re.compile(r"://[^/\s]*@")


def environment_for_runs(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return what the supervisor and its workers get: no code, password or token of the server's.

    What is not known to be needed stays out. A list of forbidden names could not be complete:
    Streamlit writes every entry of its secrets file into the environment, whatever it is called. An
    address with a login in it, such as a proxy's, stays out too. ``TL_PASS_ON`` lets more in.
    """
    named = {name.strip() for name in environment.get(PASS_ON, "").split(",")}
    return {
        name: value
        for name, value in environment.items()
        if name in named or (_needed(name.upper()) and not _LOGIN_IN_URL.search(value))
    }


def _needed(name: str) -> bool:
    return (name in _NAMES or name.startswith(_FAMILIES)) and not _SECRET_NAME.search(name)
