"""What does a browser or a monitor see at the collector's address?"""
