"""A page that shows the learner's code, for the browser test."""

import streamlit as st

from ui.shared.learner import learner

mine = learner()
st.text(f"code: {mine.code}, kept: {mine.kept}" if mine else "nobody yet")
