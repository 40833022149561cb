"""What the GPIO driver is made of: two ways to the pins, and a bench on gpiozero's mock pins."""
