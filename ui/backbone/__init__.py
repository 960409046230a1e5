"""The Backbone & layers screen."""
