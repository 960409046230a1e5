"""The transfer-learning laboratory. Start it with ``streamlit run app.py``.

Streamlit reads this file when the server starts, for the app and the guard in front of it, and once
more in every run of a visitor's script, for the router.
"""

import streamlit as st

if __name__ == "__main__":
    from tl_core.errors import DamagedStore, TLError
    from tl_core.home import ASSETS, disk_full, keep_private
    from ui.classroom import damaged
    from ui.classroom.instructor_login import instructor_code
    from ui.guard import say_if_unguarded
    from ui.shared.cleanup import cleanup
    from ui.shared.kept import server_signs
    from ui.shared.navigation import resume
    from ui.shared.page import problem
    from ui.shared.room import note_visitor, room_sign
    from ui.shared.state import identified, identify
    from ui.train.link import arrive

    st.set_page_config(
        page_title="Transfer-learning laboratory",
        page_icon=str(ASSETS / "icon.svg"),  # an icon by name would come from the internet
        layout="wide",
        menu_items={"About": "A laboratory for transfer learning, in the browser."},
    )

    pages = [
        st.Page("pages/start.py", title="Start", icon=":material/flag:", default=True),
        st.Page("pages/data.py", title="Data", icon=":material/photo_library:"),
        st.Page("pages/backbone.py", title="Backbone & layers", icon=":material/layers:"),
        st.Page("pages/train.py", title="Train", icon=":material/show_chart:"),
        st.Page("pages/compare.py", title="Compare", icon=":material/balance:"),
        st.Page("pages/predict.py", title="Predict", icon=":material/image_search:"),
        st.Page("pages/classroom.py", title="Classroom", icon=":material/groups:"),
    ]
    say_if_unguarded()
    keep_private()
    cleanup()
    page = st.navigation(pages)
    resume(pages)
    try:
        if identified():
            note_visitor(has_instructor=instructor_code() is not None)
            room_sign()
            server_signs()
            if not arrive({page.title: page for page in pages}):
                page.run()
    except DamagedStore as error:
        damaged(error)
    except TLError as error:  # whatever a screen has not expected is a sentence all the same
        problem(error)
    except OSError as error:
        if not disk_full(error):  # which has been said above
            raise
    identify()  # after the page, so that the invisible component takes no room above it
else:
    from ui.guard import Guard
    from ui.shared.downloads import routes

    guard = Guard(__file__)
    app = st.App(__file__, routes=routes(), middleware=guard.middleware, lifespan=guard.lifespan)
    guard.adopt(app)
