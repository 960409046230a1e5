import subprocess
import sys


def test_the_light_part_of_the_data_layer_leaves_torch_out() -> None:
    code = "import sys, tl_core.data; print({'torch', 'streamlit'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
