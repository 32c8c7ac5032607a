"""Configuration with which clients of all five dialects meet in the rooms `target.NAME`."""

ROOMS = """
[rohrpost]
group_template = "{type}.{id}"

[hightemplar]
allowed_rooms = ['{"target":"*"}']

[[endpoint]]
name = "target"
path = "^/target/(?P<name>[a-z]+)/$"
rooms = ["target.{name}"]
"""
