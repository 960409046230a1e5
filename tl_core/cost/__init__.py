"""What a run will take: costs measured once on a machine, and the estimate made from them."""
