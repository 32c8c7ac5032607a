// uws_bench - a small push server on uWebSockets' public API, for perf/compare.
//
//     uws_bench PORT [direct|deferred|prepared] [plain|compress]
//
// Paths and words are those of perf/floor/floor_ws.c: who connects to /sub/r<N> subscribes to room
// r<N>; /pub takes `r<N>`, a line feed and the payload, and publishes it; /echo sends back.
//
//   direct    App::publish in the message handler, as most applications write it
//   deferred  App::publish once the handler has returned, so that a burst is published together
//   prepared  Loop::prepareMessage and App::publishPrepared: framed and compressed once for all
//   compress  permessage-deflate with the shared compressor: no context takeover, as the others
//
// Build, with uWebSockets and its submodule uSockets checked out at $UWS:
//
//     gcc -O3 -march=native -flto -DLIBUS_NO_SSL -I$UWS/uSockets/src -c \
//         $UWS/uSockets/src/*.c $UWS/uSockets/src/eventing/*.c $UWS/uSockets/src/crypto/*.c
//     g++ -O3 -march=native -flto=auto -std=c++20 -DLIBUS_NO_SSL -I$UWS/src -I$UWS/uSockets/src \
//         perf/adapters/uws_bench.cpp *.o -lz -o uws_bench

#include "App.h"

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

enum class Role { subscriber, publisher, echo };
enum class Way { direct, deferred, prepared };

struct Peer {
    Role role;
    std::string room;
};

struct Publication {
    std::string room, payload;
};

struct Bench {
    uWS::App app;
    Way way = Way::direct;
    bool compress = false;
    std::vector<Publication> waiting;  // deferred: until the handler has returned

    void publish(std::string_view room, std::string_view payload) {
        switch (way) {
        case Way::direct:
            app.publish(room, payload, uWS::OpCode::TEXT, compress);
            break;
        case Way::deferred:
            if (waiting.empty()) {
                uWS::Loop::get()->defer([this] {
                    for (auto &one : waiting) app.publish(one.room, one.payload, uWS::OpCode::TEXT, compress);
                    waiting.clear();
                });
            }
            waiting.push_back({std::string(room), std::string(payload)});
            break;
        case Way::prepared: {
            auto message = uWS::Loop::get()->prepareMessage(payload, uWS::OpCode::TEXT, compress);
            app.publishPrepared(room, message);
            break;
        }
        }
    }

    uWS::App::WebSocketBehavior<Peer> behavior(Role role) {
        uWS::App::WebSocketBehavior<Peer> told;
        told.compression = compress ? uWS::SHARED_COMPRESSOR : uWS::DISABLED;
        told.maxPayloadLength = 1 << 20;
        told.maxBackpressure = 64u << 20;
        told.idleTimeout = 120;
        told.upgrade = [role](auto *response, auto *request, auto *context) {
            Peer peer{role, role == Role::subscriber ? std::string(request->getParameter(0)) : ""};
            response->template upgrade<Peer>(
                std::move(peer), request->getHeader("sec-websocket-key"),
                request->getHeader("sec-websocket-protocol"),
                request->getHeader("sec-websocket-extensions"), context);
        };
        told.open = [](auto *socket) {
            Peer *peer = socket->getUserData();
            if (peer->role == Role::subscriber) socket->subscribe(peer->room);
        };
        told.message = [this](auto *socket, std::string_view message, uWS::OpCode code) {
            switch (socket->getUserData()->role) {
            case Role::subscriber: break;
            case Role::echo: socket->send(message, code, compress); break;
            case Role::publisher:
                if (size_t end = message.find('\n'); end != std::string_view::npos)
                    publish(message.substr(0, end), message.substr(end + 1));
            }
        };
        return told;
    }
};

}  // namespace

int main(int count, char **words) {
    int port = count > 1 ? atoi(words[1]) : 9020;
    Bench bench;
    for (int i = 2; i < count; i++) {
        std::string_view word = words[i];
        if (word == "direct") bench.way = Way::direct;
        else if (word == "deferred") bench.way = Way::deferred;
        else if (word == "prepared") bench.way = Way::prepared;
        else if (word == "plain") bench.compress = false;
        else if (word == "compress") bench.compress = true;
        else {
            fprintf(stderr, "usage: uws_bench PORT [direct|deferred|prepared] [plain|compress]\n");
            return 1;
        }
    }
    bench.app.ws<Peer>("/sub/:room", bench.behavior(Role::subscriber))
        .ws<Peer>("/pub", bench.behavior(Role::publisher))
        .ws<Peer>("/echo", bench.behavior(Role::echo))
        .listen("127.0.0.1", port, [port](auto *socket) {
            if (!socket) {
                fprintf(stderr, "cannot listen on %d\n", port);
                exit(1);
            }
        })
        .run();
}
