"""A page that shows the learner's token, for the browser test."""

import streamlit as st

from ui.learner import learner_token

st.text(f"token: {learner_token()}")
