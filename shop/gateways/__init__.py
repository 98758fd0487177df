"""One module per outside neighbour. Plain values in and out, no models; never called inside an operation."""
