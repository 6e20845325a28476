# Rules for GPU kernels: DEVICE_OBJ and FATBIN_OBJ are linked into the program.
DEVICE_OBJ :=
FATBIN_OBJ :=
