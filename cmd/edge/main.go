// Edge classifies what a camera or a picture shows, with a built-in network.
package main

import "os"

func main() { os.Exit(execute(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }
