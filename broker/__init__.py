"""How is an MQTT broker reached? The one way that plant and programme share."""
