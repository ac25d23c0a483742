"""The carrier: every phone of the outside world and the provider between them and us, speaking Twilio's protocol.

It listens on loopback only and calls no door but ours, so nothing can leave the machine.
"""
