/*
 * The folder of one run, build/run/PID: partition, firmware variables, QEMU's error output. Runs at the same time have one
 * each and share nothing that is written. It goes when the run ends; one that a killed run left behind goes at the next start
 * of any, which knows it by the lock that nobody holds.
 */
#pragma once

/* Sets workdir_tree (the tree's absolute path, from where this program lies) and makes the run's folder. */
void workdir_make(void);

/* Removes the folder of this run. */
void workdir_remove(void);

/* The path of a file in the run's folder, or in the tree; the caller owns it. */
char *workdir_file(const char *name);
char *workdir_tree_file(const char *name);
