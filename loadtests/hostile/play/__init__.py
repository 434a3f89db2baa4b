"""The hostile rail kit, acting: clients, faults and processes."""
