"""One way to speak: deliveries, the gate they pass, and the courier who carries them."""
