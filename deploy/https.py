"""Start the laboratory with HTTPS in a classroom's network: ``python deploy/https.py``.

Browsers give a webcam only to pages that come over HTTPS (or from the machine itself). This makes a
certificate for this machine's address in the local network, once for each address, and starts
Streamlit with it. Browsers warn once, because nobody they know has signed it; the fingerprint that
is printed lets everyone see that it is this one. Options for Streamlit may follow, such as
``--server.port 443``. Needs the program ``openssl``.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tl_core.home import home, private_file  # noqa: E402
from tl_core.server.address import lan_address  # noqa: E402

DAYS = 90
RENEW_SECONDS = 7 * 24 * 3600
"""A certificate that ends sooner than this is made anew."""


_SETTINGS = """[req]
prompt = no
distinguished_name = name
x509_extensions = server
[name]
CN = Transfer-learning laboratory
[server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature, keyEncipherment
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
subjectAltName = {names}
"""
"""For openssl in place of its own, which make an authority of whatever signs itself: a browser that
trusts that one for this server would trust it for every other site too."""


def certificate(address: str) -> tuple[Path, Path]:
    """Return certificate and key for an address, made if there are none that will do."""
    folder = home() / "https"
    folder.mkdir(mode=0o700, exist_ok=True)
    crt, key = folder / f"{address}.crt", folder / f"{address}.key"
    if not (key.exists() and crt.exists() and _will_do(crt)):
        names = [f"IP:{address}", "IP:127.0.0.1", "DNS:localhost", f"DNS:{socket.gethostname()}"]
        settings = folder / "openssl.cnf"
        settings.write_text(_SETTINGS.format(names=",".join(names)), encoding="utf-8")
        private_file(key)  # openssl writes into it
        openssl(
            "req", "-x509", "-newkey", "rsa:2048", "-sha256", "-nodes", "-days", str(DAYS),
            "-config", str(settings), "-keyout", str(key), "-out", str(crt),
        )  # fmt: skip
    return crt, key


def _will_do(crt: Path) -> bool:
    """Tell whether a certificate lasts, and is none that signs others, as older ones were."""
    check = ["openssl", "x509", "-noout", "-in", str(crt)]
    lasts = subprocess.run([*check, "-checkend", str(RENEW_SECONDS)], capture_output=True)
    told = subprocess.run([*check, "-text"], capture_output=True, text=True)
    return lasts.returncode == 0 and "CA:FALSE" in told.stdout


def openssl(*arguments: str) -> str:
    """Run openssl; leave with a sentence if it is missing or refuses."""
    try:
        done = subprocess.run(["openssl", *arguments], capture_output=True, text=True)
    except FileNotFoundError:
        raise SystemExit(
            "The program openssl is missing. It comes with Linux, macOS and Git for Windows; on "
            "Debian: apt install openssl."
        ) from None
    if done.returncode:
        raise SystemExit(f"openssl could not make a certificate: {done.stderr.strip()}")
    return done.stdout.strip()


def main() -> None:
    """Make the certificate, say where the laboratory is, and become Streamlit."""
    address = lan_address() or "127.0.0.1"
    crt, key = certificate(address)
    fingerprint = openssl("x509", "-fingerprint", "-sha256", "-noout", "-in", str(crt))
    options = sys.argv[1:]
    port = options[options.index("--server.port") + 1] if "--server.port" in options else "8501"
    print(f"\n  Learners open  https://{address}:{port}\n")
    print("  Their browser warns once; 'Advanced' leads on. The certificate's fingerprint:")
    print(f"  {fingerprint.partition('=')[2]}\n", flush=True)
    command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "app.py")]
    command += ["--server.sslCertFile", str(crt), "--server.sslKeyFile", str(key)]
    os.chdir(ROOT)  # where .streamlit/config.toml is
    os.execv(sys.executable, [*command, *options])


if __name__ == "__main__":
    main()
