/* What is said to people who write what another language would have: whole messages. */
#include "diagnostics.h"

/* ---- What people write who know another language: whole messages ---- */

static const diagnostic foreign_diagnostics[] = {
    {"init x = 1\nx' = ln(x) + log2(x)\n",
     "m.ode:2:6: error: unknown function 'ln'\n"
     "  x' = ln(x) + log2(x)\n"
     "       ^^\n"
     "  help: the natural logarithm is log(x), that of base 10 log10(x)\n"
     "m.ode:2:14: error: unknown function 'log2'\n"
     "  x' = ln(x) + log2(x)\n"
     "               ^^^^\n"
     "  help: write log(x)/log(2)"},
    {"init x = 1\nx' = pow(x, 2) + norm([x, x])\n", "m.ode:2:6: error: unknown function 'pow'\n"
                                                    "  x' = pow(x, 2) + norm([x, x])\n"
                                                    "       ^^^\n"
                                                    "  help: a power is written a^b\n"
                                                    "m.ode:2:18: error: unknown function 'norm'\n"
                                                    "  x' = pow(x, 2) + norm([x, x])\n"
                                                    "                   ^^^^\n"
                                                    "  help: the Euclidean norm of a vector is norm2(x)"},
    {"init x = 1\nx' = if(x > 0, 1, Mod(x, 2))\n", "m.ode:2:6: error: unknown function 'if'\n"
                                                   "  x' = if(x > 0, 1, Mod(x, 2))\n"
                                                   "       ^^\n"
                                                   "  help: a choice is written where(condition, a, b)"},
    {"init x = 1\nx' = x**2 + yy\n", "m.ode:2:7: error: these characters have no meaning here\n"
                                     "  x' = x**2 + yy\n"
                                     "        ^^\n"
                                     "  help: a power is written a^b\n"
                                     "m.ode:2:13: error: unknown name 'yy'\n"
                                     "  x' = x**2 + yy\n"
                                     "              ^^"},
    {"init x = 1\nx' = -x\nif x > 1\n",
     "m.ode:3:4: error: expected ''' (an equation) or '=' (a definition) after the name, not 'x'\n"
     "  if x > 1\n"
     "     ^\n"
     "  help: there are no such statements: a choice is where(condition, a, b), and vectors go entry by "
     "entry"},
    {"init x = 1\nx' = 1 if x > 0 else 2\n", "m.ode:2:8: error: expected the end of the line, not 'if'\n"
                                             "  x' = 1 if x > 0 else 2\n"
                                             "         ^^\n"
                                             "  help: a choice is written where(condition, a, b)"},
    {"init x = 1\nx' = x > 0 ? 1 : 2\n", "m.ode:2:12: error: this character has no meaning here\n"
                                         "  x' = x > 0 ? 1 : 2\n"
                                         "             ^\n"
                                         "  help: a choice is written where(condition, a, b)"},
    {"init x = 1\ndx/dt = -1\n",
     "m.ode:2:3: error: expected ''' (an equation) or '=' (a definition) after the name, not '/'\n"
     "  dx/dt = -1\n"
     "    ^\n"
     "  help: an equation is written: x' = ..."},
    {"init x = 1\nd(x)/dt = -x\n",
     "m.ode:2:2: error: expected ''' (an equation) or '=' (a definition) after the name, not '('\n"
     "  d(x)/dt = -x\n"
     "   ^\n"
     "  help: an equation is written: x' = ..."},
    {"init x = 1\ndxdt = -x\n", "m.ode:1:6: error: 'x' has an initial value but no equation\n"
                                "  init x = 1\n"
                                "       ^\n"
                                "  help: 'dxdt = ...' only defines a name: write x' = ..."},
    {"init x = 1\nx'' = -x\n",
     "m.ode:2:3: error: expected '=' and an expression, not '''\n"
     "  x'' = -x\n"
     "    ^\n"
     "  help: equations are of first order: make the derivative a state, init v = ..., x' = v, v' = ..."},
    {"init x(0) = 1\nx' = -x\n", "m.ode:1:7: error: expected '=' and the initial value, not '('\n"
                                 "  init x(0) = 1\n"
                                 "        ^\n"
                                 "  help: an initial value is that at the start of the span: init x = ..."},
    {"x(0) = 1\nx' = -x\n",
     "m.ode:1:2: error: expected ''' (an equation) or '=' (a definition) after the name, not '('\n"
     "  x(0) = 1\n"
     "   ^\n"
     "  help: an initial value is written: init x = ..., an equation: x' = ..."},
    {"init x = 1;\nx' = -x;;\n", "m.ode:1:11: error: a statement ends with its line\n"
                                 "  init x = 1;\n"
                                 "            ^\n"
                                 "  help: leave the ';' out, and write one statement to a line\n"
                                 "m.ode:2:8: error: a statement ends with its line\n"
                                 "  x' = -x;;\n"
                                 "         ^\n"
                                 "  help: leave the ';' out, and write one statement to a line"},
    {"init x = 1\nx\xe2\x80\x99 = \xe2\x88\x92x\xc2\xb7z\n",
     "m.ode:2:2: error: this character has no meaning here\n"
     "  x\xe2\x80\x99 = \xe2\x88\x92x\xc2\xb7z\n"
     "   ^\n"
     "  help: the prime of an equation is the plain apostrophe: x' = ...\n"
     "m.ode:2:6: error: this character has no meaning here\n"
     "  x\xe2\x80\x99 = \xe2\x88\x92x\xc2\xb7z\n"
     "       ^\n"
     "  help: the minus sign is the plain hyphen: -\n"
     "m.ode:2:8: error: this character has no meaning here\n"
     "  x\xe2\x80\x99 = \xe2\x88\x92x\xc2\xb7z\n"
     "         ^\n"
     "  help: a product is written with '*'\n"
     "m.ode:2:9: error: unknown name 'z'\n"
     "  x\xe2\x80\x99 = \xe2\x88\x92x\xc2\xb7z\n"
     "          ^"},
    {"parameters {\n  real a;\n}\ninit x = 1\nx' = -a*x\n",
     "m.ode:1:12: error: expected ''' (an equation) or '=' (a definition) after the name, not '{'\n"
     "  parameters {\n"
     "             ^\n"
     "  help: a parameter is declared with: param NAME = value"},
    {"parameters a = 1\ninit x = 1\nx' = -a*x\n",
     "m.ode:1:12: error: expected ''' (an equation) or '=' (a definition) after the name, not 'a'\n"
     "  parameters a = 1\n"
     "             ^\n"
     "  help: a parameter is declared with: param NAME = value"},
    {"init x = 1\nx' = -x\nobsrve x ~ normal(x, 1)\n",
     "m.ode:3:8: error: expected ''' (an equation) or '=' (a definition) after the name, not 'x'\n"
     "  obsrve x ~ normal(x, 1)\n"
     "         ^\n"
     "  help: did you mean 'observe'?"},
    {"param c ~ normal(0, 1)\ninit x = 1\nx' = -c*x\n",
     "m.ode:1:9: error: expected '=' and a value, not '~'\n"
     "  param c ~ normal(0, 1)\n"
     "          ^\n"
     "  help: a parameter has a value: param c = 1; a prior is added to the loss: cost final = ((c - "
     "mean)/sd)^2/2, once for each trajectory"},
    {"init x = 1\nx' = -x\nx ~ normal(x, 1)\n",
     "m.ode:3:3: error: expected ''' (an equation) or '=' (a definition) after the name, not '~'\n"
     "  x ~ normal(x, 1)\n"
     "    ^\n"
     "  help: a column of the data is described with: observe x ~ ..."},
    {"init x = 1\nx' = x(t - 1)\n",
     "m.ode:2:6: error: 'x' is no function\n"
     "  x' = x(t - 1)\n"
     "       ^^^^^^^^\n"
     "  help: equations with delays are not part of the language: a state is read at the present time alone"},
    {"init x = 1\nx' = x(t)\n", "m.ode:2:6: error: 'x' is no function\n"
                                "  x' = x(t)\n"
                                "       ^^^^\n"
                                "  help: its value at t is written: x"},
    {"init x = 1\nx' = x(1 + x)\n", "m.ode:2:6: error: 'x' is no function\n"
                                    "  x' = x(1 + x)\n"
                                    "       ^^^^^^^^\n"
                                    "  help: a product is written x*(...), an entry of a vector x[...]"},
    {"param k = 1\ninit x = 1\nx' = -k x\n", "m.ode:3:9: error: expected the end of the line, not 'x'\n"
                                             "  x' = -k x\n"
                                             "          ^\n"
                                             "  help: a product is written with '*'"},
    {"init x = 1 // one\nx' = !x\n", "m.ode:1:13: error: expected a number, a name or a bracket, not '/'\n"
                                     "  init x = 1 // one\n"
                                     "              ^\n"
                                     "  help: a comment starts with '#'\n"
                                     "m.ode:2:6: error: expected a number, a name or a bracket, not '!'\n"
                                     "  x' = !x\n"
                                     "       ^\n"
                                     "  help: the contrary of a condition is written: not (a < b)"},
    {"init x = 1\nx' = where(x = 1, e, time)\n", "m.ode:2:14: error: expected ',' or ')', not '='\n"
                                                 "  x' = where(x = 1, e, time)\n"
                                                 "               ^\n"
                                                 "  help: equality is written a == b"},
    {"init x = 1\nx' = e + time*0\n", "m.ode:2:6: error: unknown name 'e'\n"
                                      "  x' = e + time*0\n"
                                      "       ^\n"
                                      "  help: Euler's number is exp(1)\n"
                                      "m.ode:2:10: error: unknown name 'time'\n"
                                      "  x' = e + time*0\n"
                                      "           ^^^^\n"
                                      "  help: the time is t"},
    {"init x = 1\nx' = -x\nobserve x ~ gaussian(x, 1)\n",
     "m.ode:3:13: error: unknown distribution 'gaussian'\n"
     "  observe x ~ gaussian(x, 1)\n"
     "              ^^^^^^^^\n"
     "  help: write normal(mu, sigma), with the standard deviation"},
    {"init x = 1 + \nx' = x && \xce\xb1\n",
     "m.ode:1:13: error: expected a number, a name or a bracket, but the line ends here\n"
     "  init x = 1 + \n"
     "              ^\n"
     "m.ode:2:8: error: these characters have no meaning here\n"
     "  x' = x && \xce\xb1\n"
     "         ^^\n"
     "  help: write 'and'\n"
     "m.ode:2:11: error: this character has no meaning here\n"
     "  x' = x && \xce\xb1\n"
     "            ^\n"
     "  help: names are made of the letters a to z and A to Z, digits and '_'"},
    {"init x = [1, 2]\nx' = x[1, 2]*x\n", "m.ode:2:6: error: a scalar has no entries to index\n"
                                          "  x' = x[1, 2]*x\n"
                                          "       ^^^^^^^\n"
                                          "  help: a vector has one index, a matrix two"},
    {"init x = 1\nx' = -x\nx[1]' = 2\n",
     "m.ode:3:2: error: expected ''' (an equation) or '=' (a definition) after the name, not '['\n"
     "  x[1]' = 2\n"
     "   ^\n"
     "  help: a vector has one statement: x' = [..., ...], x = [..., ...]"},
};

/* The same, where what is meant shows in what stands around the place of the error. */
static const diagnostic meant_diagnostics[] = {
    {"init x = 1\nx' = if (x > 1) 2 else 0\n", "m.ode:2:17: error: expected the end of the line, not '2'\n"
                                               "  x' = if (x > 1) 2 else 0\n"
                                               "                  ^\n"
                                               "  help: a choice is written where(condition, a, b)"},
    {"init x = 1\nx' = if x > 1 then 2 else 0\n", "m.ode:2:9: error: expected the end of the line, not 'x'\n"
                                                  "  x' = if x > 1 then 2 else 0\n"
                                                  "          ^\n"
                                                  "  help: a choice is written where(condition, a, b)"},
    {"init x = 1\nx' = 2*(if x > 1: 2 else 3)\n",
     "m.ode:2:12: error: expected ')' to close the bracket, not 'x'\n"
     "  x' = 2*(if x > 1: 2 else 3)\n"
     "             ^\n"
     "  help: a choice is written where(condition, a, b)"},
    {"init x = 1\nx' = if (x > 1) then 2 else 0\n",
     "m.ode:2:17: error: expected the end of the line, not 'then'\n"
     "  x' = if (x > 1) then 2 else 0\n"
     "                  ^^^^\n"
     "  help: a choice is written where(condition, a, b)"},
    {"init x = 1\nx' = x\nparam c = 1 ~ normal(0, 1)\n",
     "m.ode:3:13: error: expected the end of the line, not '~'\n"
     "  param c = 1 ~ normal(0, 1)\n"
     "              ^\n"
     "  help: a prior is added to the loss: cost final = ((c - mean)/sd)^2/2, once for each trajectory"},
    {"init x = 1\nx' = x\nparam c = 1 in [0, 1] ~ normal(0, 1)\n",
     "m.ode:3:23: error: expected the end of the line, not '~'\n"
     "  param c = 1 in [0, 1] ~ normal(0, 1)\n"
     "                        ^\n"
     "  help: a prior is added to the loss: cost final = ((c - mean)/sd)^2/2, once for each trajectory"},
    {"init x = 1\nx' = x\nparam c in [0, 1] ~ normal(0, 1)\n",
     "m.ode:3:9: error: expected '=' and a value, not 'in'\n"
     "  param c in [0, 1] ~ normal(0, 1)\n"
     "          ^^\n"
     "  help: a parameter has a value: param c = 1 in [low, high]; a prior is added to the loss: cost final "
     "= ((c - mean)/sd)^2/2, once for each trajectory"},
    {"init x = 1\nx' = x\nparam c in [0, 1]\n",
     "m.ode:3:9: error: expected '=' and a value, not 'in'\n"
     "  param c in [0, 1]\n"
     "          ^^\n"
     "  help: a parameter has a value: param c = 1 in [low, high]"},
    {"init x = 1\nx' = x\nparams c ~ normal(0, 1)\n",
     "m.ode:3:8: error: expected ''' (an equation) or '=' (a definition) after the name, not 'c'\n"
     "  params c ~ normal(0, 1)\n"
     "         ^\n"
     "  help: a parameter is declared with: param NAME = value; a prior is added to the loss: cost final = "
     "((c - mean)/sd)^2/2, once for each trajectory"},
    {"init x = 1\nx' = x\nparam c = 1\nc ~ normal(0, 1)\n",
     "m.ode:4:3: error: expected ''' (an equation) or '=' (a definition) after the name, not '~'\n"
     "  c ~ normal(0, 1)\n"
     "    ^\n"
     "  help: a prior is added to the loss: cost final = ((c - mean)/sd)^2/2, once for each trajectory"},
    {"init x = 1\nx' = x\nparam c = normal(0, 1)\n",
     "m.ode:3:11: error: unknown function 'normal'\n"
     "  param c = normal(0, 1)\n"
     "            ^^^^^^\n"
     "  help: distributions stand behind the '~' of an observed column: observe COLUMN ~ normal(...); a "
     "prior is added to the loss: cost final = ((c - mean)/sd)^2/2, once for each trajectory"},
    {"init x = 1\nd2x/dt2 = -x\n",
     "m.ode:2:4: error: expected ''' (an equation) or '=' (a definition) after the name, not '/'\n"
     "  d2x/dt2 = -x\n"
     "     ^\n"
     "  help: equations are of first order: make the derivative a state, init v = ..., x' = v, v' = ..."},
    {"init x = 1\nd^2x/dt^2 = -x\n",
     "m.ode:2:2: error: expected ''' (an equation) or '=' (a definition) after the name, not '^'\n"
     "  d^2x/dt^2 = -x\n"
     "   ^\n"
     "  help: equations are of first order: make the derivative a state, init v = ..., x' = v, v' = ..."},
    {"init x = 1\nder(x) = -x\n",
     "m.ode:2:4: error: expected ''' (an equation) or '=' (a definition) after the name, not '('\n"
     "  der(x) = -x\n"
     "     ^\n"
     "  help: an equation is written: x' = ..."},
    {"init x = 1\nddt(x) = -x\n",
     "m.ode:2:4: error: expected ''' (an equation) or '=' (a definition) after the name, not '('\n"
     "  ddt(x) = -x\n"
     "     ^\n"
     "  help: an equation is written: x' = ..."},
    {"init x = 1\nx'(t) = -x\n", "m.ode:2:3: error: expected '=' and an expression, not '('\n"
                                 "  x'(t) = -x\n"
                                 "    ^\n"
                                 "  help: an equation is written: x' = ..."},
    {"init x = 1\nx'[1] = 2\n", "m.ode:2:3: error: expected '=' and an expression, not '['\n"
                                "  x'[1] = 2\n"
                                "    ^\n"
                                "  help: a vector has one equation: x' = [..., ...]"},
    {"init x = 1\nx\" = -x\n",
     "m.ode:2:2: error: this character has no meaning here\n"
     "  x\" = -x\n"
     "   ^\n"
     "  help: equations are of first order: make the derivative a state, init v = ..., x' = v, v' = ..."},
    {"init x = 1\nx. = -x\n", "m.ode:2:2: error: this character has no meaning here\n"
                              "  x. = -x\n"
                              "   ^\n"
                              "  help: an equation is written: x' = ..."},
    {"init x = 1\nx' = -x\xe2\x80\x99\n",
     "m.ode:2:8: error: this character has no meaning here\n"
     "  x' = -x\xe2\x80\x99\n"
     "         ^\n"
     "  help: the prime of an equation is the plain apostrophe: x' = ..."},
    {"init x = 1\nx' = exp x\n", "m.ode:2:10: error: expected the end of the line, not 'x'\n"
                                 "  x' = exp x\n"
                                 "           ^\n"
                                 "  help: the argument of a function stands in brackets: exp(...)"},
    {"init x = 1\nx' = [sin x]\n", "m.ode:2:11: error: expected ',' or ']', not 'x'\n"
                                   "  x' = [sin x]\n"
                                   "            ^\n"
                                   "  help: the argument of a function stands in brackets: sin(...)"},
    {"init x = 1\nx' = sin^2(x)\n", "m.ode:2:11: error: expected the end of the line, not '('\n"
                                    "  x' = sin^2(x)\n"
                                    "            ^\n"
                                    "  help: the power of a function's value is written sin(...)^2"},
    {"init x = 1\nx' = 3 + not 0\n", "m.ode:2:14: error: expected the end of the line, not '0'\n"
                                     "  x' = 3 + not 0\n"
                                     "               ^\n"
                                     "  help: 'not' stands in brackets behind an operator: (not a)"},
    {"init x = 1\nx' = 1.2.3\n", "m.ode:2:9: error: expected the end of the line, not '.3'\n"
                                 "  x' = 1.2.3\n"
                                 "          ^^\n"
                                 "  help: a number has one point"},
    {"init x = 1\nx' = x\nobserve x = normal(x, 1)\n",
     "m.ode:3:11: error: expected '~' and a distribution: observe COLUMN ~ normal(mean, sd), not '='\n"
     "  observe x = normal(x, 1)\n"
     "            ^"},
    {"init x = 1\nx' = x\ncost = x\n",
     "m.ode:3:6: error: expected 'final' or 'integral': cost final = ..., or cost integral = ..., not '='\n"
     "  cost = x\n"
     "       ^"},
    {"init x = 1\nx' := 1\n", "m.ode:2:4: error: expected '=' and an expression, not ':'\n"
                              "  x' := 1\n"
                              "     ^\n"
                              "  help: write '=' alone"},
    {"init x = 1\nx := 1\n",
     "m.ode:2:3: error: expected ''' (an equation) or '=' (a definition) after the name, not ':'\n"
     "  x := 1\n"
     "    ^\n"
     "  help: write '=' alone"},
    {"init x = 1\nx' = x.^2\n", "m.ode:2:7: error: these characters have no meaning here\n"
                                "  x' = x.^2\n"
                                "        ^^\n"
                                "  help: powers are taken entry by entry: write a^b"},
    {"init x = 1\nx' = x.y\n", "m.ode:2:7: error: this character has no meaning here\n"
                               "  x' = x.y\n"
                               "        ^\n"
                               "  help: names have no points: write p_k in place of p.k"},
    {"init x = 1\nx' = x\nevent e when x < 0.5 { x = 1 }\n",
     "m.ode:3:22: error: expected '= 0' behind the guard, not '{'\n"
     "  event e when x < 0.5 { x = 1 }\n"
     "                       ^\n"
     "  help: an event is where an expression is 0: write x - (0.5) = 0 falling"},
    {"init x = 1\nx' = x\nevent e when x == 1 any { x = 1 }\n",
     "m.ode:3:21: error: expected '= 0' behind the guard, not 'any'\n"
     "  event e when x == 1 any { x = 1 }\n"
     "                      ^^^\n"
     "  help: an event is where an expression is 0: write x - (1) = 0 any"},
    {"init x = 1\nx' = x[t - 1]\n",
     "m.ode:2:6: error: a scalar has no entries to index\n"
     "  x' = x[t - 1]\n"
     "       ^^^^^^^^\n"
     "  help: equations with delays are not part of the language: a state is read at the present time alone"},
    {"init x = 1\nx' = x\ninit y[1] = 1\n", "m.ode:3:7: error: expected '=' and the initial value, not '['\n"
                                            "  init y[1] = 1\n"
                                            "        ^\n"
                                            "  help: a vector has one initial value: init y = [..., ...]"},
    {"init x = 1\nx' = 1 y = 2\n", "m.ode:2:8: error: expected the end of the line, not 'y'\n"
                                   "  x' = 1 y = 2\n"
                                   "         ^\n"
                                   "  help: write one statement to a line"},
    {"init x = 1\nx' = x\nparam b = 1 c = 2\n", "m.ode:3:13: error: expected the end of the line, not 'c'\n"
                                                "  param b = 1 c = 2\n"
                                                "              ^\n"
                                                "  help: between several declarations stands a comma"},
    {"init x = 1\nx' = (2 x)\n", "m.ode:2:9: error: expected ')' to close the bracket, not 'x'\n"
                                 "  x' = (2 x)\n"
                                 "          ^\n"
                                 "  help: a product is written with '*'"},
};

/* An open bracket is reported where it opens; what is wrong in one statement hides nothing in the others, and
 * is not echoed by them. */
static const diagnostic apart_diagnostics[] = {
    {"init x = 1\nx' = f(x,\n  y\ninit y = 3\ny' = z\n", "m.ode:2:7: error: this bracket is not closed\n"
                                                         "  x' = f(x,\n"
                                                         "        ^\n"
                                                         "m.ode:5:6: error: unknown name 'z'\n"
                                                         "  y' = z\n"
                                                         "       ^"},
    {"init x = 1\nx' = exp(-(x)\ny = b\n", "m.ode:2:9: error: this bracket is not closed\n"
                                           "  x' = exp(-(x)\n"
                                           "          ^\n"
                                           "m.ode:3:5: error: unknown name 'b'\n"
                                           "  y = b\n"
                                           "      ^"},
    {"init x = [1\nx' = x\n", "m.ode:1:10: error: this bracket is not closed\n"
                              "  init x = [1\n"
                              "           ^"},
    {"init x = 1\nx' = 1\nevent a when x = 0 any { x = (1\n  y = 2 }\nz = b\n",
     "m.ode:3:30: error: this bracket is not closed\n"
     "  event a when x = 0 any { x = (1\n"
     "                               ^\n"
     "m.ode:5:5: error: unknown name 'b'\n"
     "  z = b\n"
     "      ^"},
    {"init x = 1\nx' = 1\nevent a when x = 0 any { x = (1 }\nz = b\n",
     "m.ode:3:30: error: this bracket is not closed\n"
     "  event a when x = 0 any { x = (1 }\n"
     "                               ^\n"
     "m.ode:4:5: error: unknown name 'b'\n"
     "  z = b\n"
     "      ^"},
    {"init x = 1\nx' = 1\nevent a when x = 0 any { x = 1\nparam k = b\n",
     "m.ode:3:24: error: this brace is not closed\n"
     "  event a when x = 0 any { x = 1\n"
     "                         ^\n"
     "m.ode:4:11: error: unknown name 'b'\n"
     "  param k = b\n"
     "            ^"},
    {"init x = [1, 2]\nx' = dense(x, 2; tanh,\n  weights = normal(0.1)\nq = b\n",
     "m.ode:2:11: error: this bracket is not closed\n"
     "  x' = dense(x, 2; tanh,\n"
     "            ^\n"
     "m.ode:4:5: error: unknown name 'b'\n"
     "  q = b\n"
     "      ^"},
    {"init x = f(a,\n  b c,\n  d)\nx' = q\n", "m.ode:2:5: error: expected ',' or ')', not 'c'\n"
                                              "    b c,\n"
                                              "      ^\n"
                                              "m.ode:4:6: error: unknown name 'q'\n"
                                              "  x' = q\n"
                                              "       ^"},
    {"param k = 1 +\ninit x = k\nx' = -k*x + yy\nobserve x ~ normal(x, 1\ncost final = zz\n",
     "m.ode:1:14: error: expected a number, a name or a bracket, but the line ends here\n"
     "  param k = 1 +\n"
     "               ^\n"
     "m.ode:4:19: error: this bracket is not closed\n"
     "  observe x ~ normal(x, 1\n"
     "                    ^\n"
     "m.ode:3:13: error: unknown name 'yy'\n"
     "  x' = -k*x + yy\n"
     "              ^^\n"
     "m.ode:5:14: error: unknown name 'zz'\n"
     "  cost final = zz\n"
     "               ^^"},
    {"x' = y\ny' = x*w\n", "m.ode:1:1: error: 'x' has an equation but no initial value\n"
                           "  x' = y\n"
                           "  ^\n"
                           "  help: add a line: init x = ...\n"
                           "m.ode:2:1: error: 'y' has an equation but no initial value\n"
                           "  y' = x*w\n"
                           "  ^\n"
                           "  help: add a line: init y = ...\n"
                           "m.ode:2:8: error: unknown name 'w'\n"
                           "  y' = x*w\n"
                           "         ^"},
    {"\xef\xbb\xbfinit x = 1 +\nx' = -x\n",
     "m.ode:1:13: error: expected a number, a name or a bracket, but the line ends here\n"
     "  init x = 1 +\n"
     "              ^"},
    {"net f = mlp(2, 2; tahn\ninit x = [1, 2]\nx' = f(x) + q\n",
     "m.ode:1:12: error: this bracket is not closed\n"
     "  net f = mlp(2, 2; tahn\n"
     "             ^\n"
     "m.ode:3:13: error: unknown name 'q'\n"
     "  x' = f(x) + q\n"
     "              ^"},
};

/* Every part of the braces is looked at, and what follows them; what was left out is no source of echoes. */
static void several_in_braces(void **state) {
  (void)state;
  static const char text[] = BALL "event a when h = 0 up { # }\n  hh = 1\n  v' = 2 }\n"
                                  "event b when h = 0 any {\n  v = ; h = 3 3 # no }\n  stop }\n";
  static const char *const parts[] = {
      ":5:20: error: expected 'rising', 'falling' or 'any', the way in which the guard passes 0, not 'up'",
      ":9:7: error: expected a number, a name or a bracket, not ';'",
      ":9:15: error: expected the end of the line, ';' or '}', not '3'"};
  og_context *context = new_context();
  og_model *model = NULL;
  assert_int_equal(og_model_create_from_text(context, "m.ode", text, sizeof text - 1, &model), OG_ERR_MODEL);
  const char *message = og_context_message(context);
  int errors = 0;
  for (const char *at = message; (at = strstr(at, ": error: ")) != NULL; at++) errors++;
  assert_int_equal(errors, 3);
  for (int i = 0; i < 3; i++)
    if (!strstr(message, parts[i])) fail_msg("%s lacks %s", message, parts[i]);
  og_context_destroy(context);
}

static void messages_to_the_foreign(void **state) {
  (void)state;
  check_whole_messages(foreign_diagnostics, sizeof foreign_diagnostics / sizeof *foreign_diagnostics);
  check_whole_messages(meant_diagnostics, sizeof meant_diagnostics / sizeof *meant_diagnostics);
}

static void messages_apart(void **state) {
  (void)state;
  check_whole_messages(apart_diagnostics, sizeof apart_diagnostics / sizeof *apart_diagnostics);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(several_in_braces),
      cmocka_unit_test(messages_to_the_foreign),
      cmocka_unit_test(messages_apart),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
